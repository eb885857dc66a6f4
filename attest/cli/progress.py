"""One line on the terminal that says what is being done, written over in place and gone at the end; else nothing.

It is on standard error and only where that is a terminal. It is plain text without colours or codes, so that
`NO_COLOR` has nothing to turn off and a dumb terminal nothing to misread.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Final, Self, TextIO, TypeVar

from attest.codec.printable import printable

T = TypeVar("T")

_SOON_SECONDS: Final = 0.2
"""What is done sooner needs no line; and a line that changes more often is not read."""

_WIDTH: Final = 80
"""Columns of a terminal that does not tell."""


class Progress:
    """A block of long work; the line is removed when the block ends, however it ends."""

    def __init__(self, terminal: TextIO | None = None) -> None:
        """Take what may be a terminal, standard error unless told; to anything else nothing is said."""
        self._out: Final = sys.stderr if terminal is None else terminal
        self._seen: Final = self._out.isatty()
        self._written = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()

    def tell(self, doing: str, count: int = 0) -> None:
        """Say what is being done now, and of how many; 0 is not said."""
        if self._seen:
            text = f"{doing}: {count:,}" if count else doing
            text = f"{printable(text)} ..."[: self._columns() - 1]
            self._write(f"\r{text.ljust(self._written)}")
            self._written = len(text)

    def clear(self) -> None:
        """Remove the line: something else is going to be printed, or the work is done."""
        if self._written:
            self._write(f"\r{' ' * self._written}\r")
            self._written = 0

    def count(self, things: Iterable[T], doing: str) -> Iterator[T]:
        """Yield the things, and now and then say how many there were."""
        return self._count(things, doing) if self._seen else iter(things)

    def _count(self, things: Iterable[T], doing: str) -> Iterator[T]:
        due = time.monotonic() + _SOON_SECONDS
        for number, thing in enumerate(things):
            if time.monotonic() >= due:
                self.tell(doing, number)
                due = time.monotonic() + _SOON_SECONDS
            yield thing

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()

    def _columns(self) -> int:
        try:
            return os.get_terminal_size(self._out.fileno()).columns or _WIDTH
        except OSError:
            return _WIDTH
