"""`mcp run FILE.py[:OBJECT]` and `fastmcp run ...`: commands of an environment that load a server from another file.

`mcp install` of the Python SDK writes such commands into the configuration of a client.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Final

from attest.measure.commands.invocation import Invocation

_COMMANDS: Final = frozenset(("mcp", "fastmcp"))
_SERVER: Final = re.compile(r"(?P<file>.+\.py)(:[^/]*)?", re.DOTALL)


def loaded_files(invocation: Invocation) -> Iterator[str]:
    """Yield the files, links followed, that such a command loads a server from; none for any other command."""
    program, *arguments = invocation.words
    if os.path.basename(program) not in _COMMANDS or "run" not in arguments:
        return
    for word in arguments:
        match = _SERVER.fullmatch(word)
        if match is not None and os.path.isfile(file := invocation.absolute(match["file"])):
            yield os.path.realpath(file)
