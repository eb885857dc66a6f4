"""A terminal to draw on: another screen while something is watched, and the one from before when it ends, however."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, TextIO, final

import click

_ENTER: Final = "\x1b[?1049h\x1b[?25l"
"""Another screen, so that what was on this one is there again at the end; no cursor."""
_LEAVE: Final = "\x1b[?25h\x1b[?1049l"
_HOME: Final = "\x1b[H"
_TO_END_OF_LINE: Final = "\x1b[K"
_BELOW: Final = "\x1b[J"
DIM: Final = "2"
_SECOND: Final = 1000
_MINUTE: Final = 60
_HOUR: Final = 3600

Paint = Callable[[str, str], str]
"""Gives (text, code) its colour, or not."""


class Size(NamedTuple):
    """Of a terminal, in characters."""

    columns: int
    rows: int


@final
class Canvas:
    """Standard output, or another terminal; each picture is drawn over the one before."""

    def __init__(self, flag: str, terminal: TextIO | None = None) -> None:
        """Raise `click.UsageError`, naming what was asked for, if there is no terminal."""
        self._out: Final = sys.stdout if terminal is None else terminal
        if not self._out.isatty():
            raise click.UsageError(f"{flag}: expected a terminal, found none")
        self.paint: Final[Paint] = plain if os.environ.get("NO_COLOR") else painted

    def enter(self) -> None:
        """Take another screen."""
        self._out.write(_ENTER)

    def leave(self) -> None:
        """Give the terminal back."""
        self._out.write(_LEAVE)
        self._out.flush()

    def size(self) -> Size:
        """Return how large it is now: it may change at any time."""
        size = os.get_terminal_size(self._out.fileno())
        return Size(size.columns or 80, size.lines or 24)

    def draw(self, lines: Sequence[str]) -> None:
        """Draw lines, which fit."""
        self._out.write(_HOME + "".join(f"{line}{_TO_END_OF_LINE}\r\n" for line in lines[:-1]))
        self._out.write(f"{lines[-1]}{_TO_END_OF_LINE}{_BELOW}")
        self._out.flush()


def span(milliseconds: int) -> str:
    """Return a time span in the unit that a person would use."""
    seconds = max(0, milliseconds) // _SECOND
    if seconds < _MINUTE:
        return f"{seconds} s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min"
    return f"{seconds // _HOUR} h {seconds % _HOUR // _MINUTE:02} min"


def painted(text: str, code: str) -> str:
    """Return a text in a colour (ECMA-48, SGR)."""
    return f"\x1b[{code}m{text}\x1b[0m"


def plain(text: str, _code: str) -> str:
    """Return a text as it is."""
    return text
