"""`attest portal REF ... -- COMMAND` in a configuration: a server that is behind the portal already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_NAMES: Final = frozenset({"attest", "mcp-attest"})
_MODULE: Final = (("-m", "attest"), ("-P", "-m", "attest"))
_VERB: Final = "portal"
_DASHES: Final = "--"


@dataclass(frozen=True, kw_only=True)
class PortalCommand:
    """The words of a command that starts the portal."""

    ours: tuple[str, ...]
    """Our own program, with what an interpreter needs to start it."""
    reference: str
    inner: tuple[str, ...]
    """The server's own command; empty if the sealed one is started."""


def read_portal(command: Sequence[str]) -> PortalCommand | None:
    """Take apart the command of a configured server; None if it is no portal."""
    words = tuple(command)
    first = words[0].replace("\\", "/").rpartition("/")[2] if words else ""
    start = (
        1 if first in _NAMES else next((len(each) + 1 for each in _MODULE if words[1 : len(each) + 1] == each), None)
    )
    if start is None or words[start : start + 1] != (_VERB,) or len(words) < start + 2:
        return None
    inner = words[words.index(_DASHES) + 1 :] if _DASHES in words else ()
    return PortalCommand(ours=words[:start], reference=words[start + 1], inner=inner)
