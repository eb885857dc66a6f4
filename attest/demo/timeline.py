"""The timeline of the demo: what was done, what came out, whether it is what was said, and when."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

_GREEN, _RED, _DIM, _BOLD, _PLAIN = "\x1b[32m", "\x1b[31m", "\x1b[2m", "\x1b[1m", "\x1b[0m"


@dataclass
class Timeline:
    """Prints one line a step with the seconds since the beginning, and counts what did not come out as said."""

    colours: bool
    write: Callable[[str], None] = lambda line: print(line, flush=True)  # noqa: T201  (the demo's one way out)
    began: float = field(default_factory=time.monotonic)
    failures: int = 0

    def title(self, text: str) -> None:
        """Begin a part."""
        self.write("")
        self.write(self._in(_BOLD, text))

    def command(self, words: list[str]) -> None:
        """Show the command that is about to run, as a user would type it."""
        self.write(self._in(_DIM, f"          $ {' '.join(words)}"))

    def note(self, text: str) -> None:
        """Say something that is neither right nor wrong."""
        self.write(f"{self._seconds()}   {text}")

    def expect(self, said: str, *, right: bool, found: str = "") -> None:
        """Say whether a step came out as said."""
        mark = self._in(_GREEN, "✓") if right else self._in(_RED, "✗")
        self.write(f"{self._seconds()} {mark} {said}")
        if found:
            for line in found.splitlines():
                self.write(f"            {line}")
        if not right:
            self.failures += 1

    def _seconds(self) -> str:
        return f"{time.monotonic() - self.began:6.1f} s"

    def _in(self, colour: str, text: str) -> str:
        return f"{colour}{text}{_PLAIN}" if self.colours else text
