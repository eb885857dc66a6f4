"""The words that start this very program, for a configuration that is read long after this process has ended."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Final

from attest.errors import RefusedError

_CACHE: Final = re.compile(r"(?:^|/)(?:\.?[Cc]aches?|archive-v[0-9]+|environments-v[0-9]+)(?:/|$)")


def own_words() -> tuple[str, ...]:
    """Return the absolute path of our executable, or of the interpreter with what follows it.

    Raises `RefusedError` if we run from a cache (`uvx`, `pipx run`): whoever cleans it up takes every server away.
    """
    interpreter = os.path.abspath(sys.executable)  # noqa: PTH100  (links are kept: an environment is known by its own)
    if _CACHE.search(interpreter):
        raise RefusedError(
            interpreter,
            "an attest that is installed, since clients will start it from now on",
            "one in a cache",
            hint="uv tool install mcp-attest (or pipx install mcp-attest), then attest wrap",
        )
    for name in ("attest", "mcp-attest"):
        beside = Path(interpreter).with_name(name)
        if os.access(beside, os.X_OK) and beside.is_file():
            return (str(beside),)
    # Without -P, what lies in the folder where a client starts it would be imported as ours.
    return (interpreter, "-P", "-m", "attest")
