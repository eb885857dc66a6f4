"""Proofs are good once: which ones were seen, for as long as they could be shown again (RFC 9449, 11.1)."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

MAX_REMEMBERED: Final = 100_000
"""Proofs within one span; one more is refused rather than one forgotten."""


class Replays:
    """What was shown, by key and identifier; memory is bounded by time and number."""

    def __init__(self, *, span_ms: int) -> None:
        """Remember each proof for `span_ms`: the longest time for which the same one would still be young enough."""
        self._span_ms = span_ms
        self._seen: OrderedDict[tuple[str, str], int] = OrderedDict()

    def is_new(self, thumbprint: str, identifier: str, at_ms: int) -> bool:
        """Take note of a proof and return whether it is the first of its key and identifier; False also if full."""
        while self._seen and next(iter(self._seen.values())) <= at_ms - self._span_ms:
            self._seen.popitem(last=False)
        shown = (thumbprint, identifier)
        if shown in self._seen or len(self._seen) >= MAX_REMEMBERED:
            return False
        self._seen[shown] = at_ms
        return True
