"""A window of validity: from when to when a key, a log or an authority may be believed."""

from __future__ import annotations

import msgspec

from attest.codec import instant


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """Milliseconds since 1970, both ends inclusive; `end` is None while it is open."""

    start: int
    end: int | None = None

    def covers(self, at: int) -> bool:
        """Return whether `at` (milliseconds since 1970) lies inside, the ends included."""
        return self.start <= at and (self.end is None or at <= self.end)

    def __str__(self) -> str:
        return f"{instant.text(self.start)} to {'now' if self.end is None else instant.text(self.end)}"
