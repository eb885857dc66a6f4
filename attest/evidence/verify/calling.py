"""The door to the judges of calls, opened only where a reference seals tool rules, or once something is said of a call.

Most logs hold no call, and what judges them need not be imported for those.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, final

from attest.evidence.verdict import CallCounts
from attest.evidence.verify.pace import Pace
from attest.evidence.verify.sheet import Sheet

if TYPE_CHECKING:
    from attest.evidence.verify.calls.judge import Calls, LogCalls


@final
class Calling:
    """Whether anybody judges calls in a bundle."""

    def __init__(self, paces: Mapping[str, Pace], sheet: Sheet, *, several: bool) -> None:
        """Begin without; `paces` are those of the expected references, `several` says that there are more logs."""
        self._paces = paces
        self._sheet = sheet
        self._several = several
        self._calls: Calls | None = None

    def enter(self, origin: str, began_at: int) -> LogCalls | None:
        """Begin a log; return the judge of its calls if a reference has rules for them."""
        if all(pace.sealed.reference.tools is None for pace in self._paces.values()):
            return None
        return self.judge(origin, began_at)

    def judge(self, origin: str, began_at: int) -> LogCalls:
        """Return the judge of the calls of a log."""
        if self._calls is None:
            from attest.evidence.verify.calls.judge import Calls

            self._calls = Calls(self._paces, self._sheet, several=self._several)
        return self._calls.enter(origin, began_at)

    def close(self) -> None:
        """Judge what had to wait for the end."""
        if self._calls is not None:
            self._calls.close()

    def counts(self) -> CallCounts | None:
        """Return the counts so far, None without any call."""
        return None if self._calls is None else self._calls.counts()
