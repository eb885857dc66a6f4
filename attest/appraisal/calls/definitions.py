"""The tools that the server describes against the ones that were sealed: the whole set, and what changed in it."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterable

from attest.appraisal.calls.kinds import RuleKind
from attest.appraisal.calls.ruling import Ruling, permitted, refused
from attest.codec.printable import printable

_MAX_NAME = 80
"""Of a name in a reason; it is the server's."""


class SealedDefinitions:
    """The sealed set of definitions, as pairs of name and digest."""

    def __init__(self, sealed: Iterable[tuple[str, str]]) -> None:
        """Take the sealed pairs."""
        self._sealed = Tally(sealed)
        self._digests = dict(self._sealed.keys())

    def judge(self, found: Iterable[tuple[str, str]]) -> Ruling:
        """Return whether the server describes exactly the sealed tools; else what changed first, by name."""
        now = Tally(found)
        if now == self._sealed:
            return permitted(RuleKind.DEFINITIONS_SEALED)
        name = min(name for name, _ in (now - self._sealed) or (self._sealed - now))
        reason = f"the definition of {printable(name, limit=_MAX_NAME)} {self._change(name, now)}"
        return refused(RuleKind.DEFINITIONS_CHANGED, f"{reason}, so no tool may be called")

    def is_sealed(self, name: str, digest: str) -> bool:
        """Return whether a definition is the sealed one of its name."""
        return self._digests.get(name) == digest

    def _change(self, name: str, now: Tally[tuple[str, str]]) -> str:
        times = sum(count for (each, _), count in now.items() if each == name)
        if name not in self._digests:
            return "was not there when the rules were sealed"
        if times == 0:
            return "is gone"
        return "stands there more than once" if times > 1 else "is not the sealed one"
