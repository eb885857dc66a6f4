"""Options before the word that matters: what is not known is refused, since it could change what runs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from attest.errors import RefusedError


@dataclass(frozen=True, kw_only=True)
class Options:
    """Options in their order, and the words from the first that is none."""

    given: tuple[tuple[str, str], ...]
    """Name and value; the value of a switch is empty."""
    rest: tuple[str, ...]

    def all(self, *names: str) -> tuple[str, ...]:
        """Return the values that were given under these names."""
        return tuple(value for name, value in self.given if name in names)

    def last(self, *names: str) -> str | None:
        """Return the value that counts; None if there is none."""
        values = self.all(*names)
        return values[-1] if values else None


def read_options(program: str, words: Sequence[str], *, valued: Collection[str], switches: Collection[str]) -> Options:
    """Read options up to `--` or the first word without a dash.

    `valued` take the next word, or what follows `=`; `switches` stand alone. Raises `RefusedError` for any other.
    """
    given: list[tuple[str, str]] = []
    left = list(words)
    while left and left[0].startswith("-") and left[0] != "-":
        word = left.pop(0)
        if word == "--":
            break
        name, equals, value = word.partition("=")
        if name in valued and (equals or left):
            given.append((name, value if equals else left.pop(0)))
        elif word in switches:
            given.append((word, ""))
        else:
            raise RefusedError(
                f"{program} {word}",
                f"an option under which it can be told what {program} starts",
                "another",
                hint="leave it out, or give the program that is started: -- PROGRAM ARGUMENTS",
            )
    return Options(given=tuple(given), rest=tuple(left))
