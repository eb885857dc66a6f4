"""Until when one reference may be used: its validity, its revocation, and its time-to-live from its first use on.

The time-to-live runs in each log by itself, since each agent can know its own alone: from the first event that names
the reference among those of a run. Where a part of a log begins later, that first use is not in the file: that it was
not too early is the agent's word, who counts from its whole log, unless the part before was judged in the same call.
"""

from typing import Final, final

from attest.evidence.verdict import Status
from attest.evidence.verify.references import Sealed
from attest.evidence.verify.sheet import Sheet

CHECK: Final = "freshness.validity"
NEVER: Final = 2**63
_SECOND: Final = 1000


@final
class Lifetime:
    """The end of one reference's use, log after log; times are milliseconds since 1970, both ends count."""

    def __init__(self, sealed: Sealed, sheet: Sheet) -> None:
        """Begin before the first log."""
        self._sealed = sealed
        self._sheet = sheet
        self._end = min(NEVER if sealed.not_after is None else sealed.not_after, sealed.void.since - 1)
        self._cut = False
        self.first_used: int | None = None
        """When it was first used in this log; None if it was not, or before what is known of the log."""
        self.unused = sealed.reference.validity.ttl_seconds is not None
        """Whether its first use in this log would set an end, and is still to come: else `use` changes nothing."""
        self.latest = self._end
        """The last moment at which it may be used in this log."""

    def enter(self, *, cut: bool, first_used: int | None) -> None:
        """Begin another log, or a part that is `cut` off from its beginning, unless its `first_used` is known."""
        self._cut, self.first_used, self.latest = cut and first_used is None, None, self._end
        self.unused = self._sealed.reference.validity.ttl_seconds is not None
        if first_used is not None:
            self.use(first_used)

    def use(self, at: int) -> None:
        """Note that it was in use at `at`; only the first time in a log matters."""
        if not self.unused:
            return
        self.unused, self.first_used = False, None if self._cut else at
        ttl = self._sealed.reference.validity.ttl_seconds or 0
        self.latest = min(self._end, at + ttl * _SECOND)
        if self._cut:
            self._sheet.note(
                CHECK,
                Status.ASSERTED,
                "when the reference was first used is not in this part of the log: its agent counts from then on",
                where=self._sealed.where,
                expected=f"a time to live of {ttl} s that is not over",
            )
