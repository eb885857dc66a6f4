"""The three lines of `sh` by which installers start a script where a `#!` line cannot: as pip, uv and pipx write them.

The interpreter's path is too long for a `#!` line or has a space, or it lies beside the script
(`uv venv --relocatable`). Anything else that begins with `#!/bin/sh` is a script for `sh`.
"""

from __future__ import annotations

import os
import re
from typing import Final

_HEAD: Final = rb"#!/bin/sh\n'''exec' "
_TAIL: Final = rb"(?P<isolated> -E)? \"\$0\" \"\$@\"\n' '''\n"
_LONG_FORM: Final = re.compile(
    _HEAD + rb"(?:\"(?P<double>[^\"\\$`\n]+)\"|'(?P<single>[^'\n]+)'|(?P<bare>[^\s'\"\\$`]+))" + _TAIL
)
_MOVABLE_FORM: Final = re.compile(
    _HEAD + rb"\"\$\(dirname -- \"\$\(realpath -- \"\$0\"\)\"\)\"/'(?P<name>[^'/\n]+)'" + _TAIL
)


def started_by_sh(program: str, head: bytes) -> list[str] | None:
    """Return the interpreter and its arguments; None if the file begins with other lines."""
    if (found := _LONG_FORM.match(head)) is not None:
        interpreter = os.fsdecode(found["double"] or found["single"] or found["bare"])
    elif (found := _MOVABLE_FORM.match(head)) is not None:
        interpreter = os.path.join(os.path.dirname(os.path.realpath(program)), os.fsdecode(found["name"]))
    else:
        return None
    return [interpreter, "-E"] if found["isolated"] else [interpreter]
