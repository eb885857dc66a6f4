"""What sealing is doing, for a person who waits: one of these phases and a count, never a word of a tree or an archive.

The child that surveys tells its phases on standard error, a line each; what else it prints there are complaints.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum
from typing import Final


class Phase(StrEnum):
    """In their order, in words."""

    EVIDENCE = "reading build evidence"
    LOOKING = "looking at the files and archives"
    EXPLAINING = "explaining files"
    SIGNING = "signing"


Tell = Callable[[str, int], None]
"""Takes what is being done and of how many; 0 if there is nothing to count."""

_LINE: Final = re.compile(rb"phase (?P<name>[A-Z]{1,20}) (?P<count>[0-9]{1,12})\n")


def untold(_doing: str, _count: int) -> None:
    """Tell nobody."""


def phase_line(phase: Phase, count: int) -> str:
    """Return how the child tells a phase."""
    return f"phase {phase.name} {count}\n"


def read_phase(line: bytes) -> tuple[Phase, int] | None:
    """Return what a line of the child tells; None if it is none of these."""
    match = _LINE.fullmatch(line)
    name = match["name"].decode() if match is not None else ""
    return (Phase[name], int(match["count"])) if match is not None and name in Phase.__members__ else None
