"""The door to the judges of calls, opened only where a reference seals tool rules, or once something is said of a call.

Most logs hold no call, and what judges them need not be imported for those.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, final

from attest.codec.octets import sha256_hex
from attest.evidence.grammar import DisclosureLine
from attest.evidence.verdict import CallCounts, PathKind
from attest.evidence.verify.pace import Pace
from attest.evidence.verify.sheet import Sheet
from attest.evidence.verify.told import Told

if TYPE_CHECKING:
    from attest.evidence.verify.calls.judge import Calls, Counted, LogCalls


@final
class Calling:
    """Whether anybody judges calls in a bundle."""

    def __init__(self, paces: Mapping[str, Pace], sheet: Sheet, *, several: bool) -> None:
        """Begin without; `paces` are those of the expected references, `several` says that there are more logs."""
        self._paces = paces
        self._sheet = sheet
        self._several = several
        self._calls: Calls | None = None

    def enter(self, origin: str, began_at: int, before: Mapping[str, Counted]) -> InLog:
        """Begin a log, or a part of one from entry `began_at` on; `before` is what was counted of it up to there."""
        ruled = any(pace.sealed.reference.tools is not None for pace in self._paces.values())
        return InLog(lambda: self._judge(origin, began_at, before), ruled=ruled)

    def close(self) -> None:
        """Judge what had to wait for the end."""
        if self._calls is not None:
            self._calls.close()

    def counts(self) -> CallCounts | None:
        """Return the counts so far, None without any call."""
        return None if self._calls is None else self._calls.counts()

    def path(self) -> PathKind | None:
        """Return whether the portal was the only way to the servers; None without any call."""
        return None if self._calls is None else self._calls.path()

    def tools(self) -> frozenset[str] | None:
        """Return the names of the tools that were called; None if there were more than are remembered."""
        return frozenset() if self._calls is None else self._calls.tools()

    def _judge(self, origin: str, began_at: int, before: Mapping[str, Counted]) -> LogCalls:
        if self._calls is None:
            from attest.evidence.verify.calls.judge import Calls

            self._calls = Calls(self._paces, self._sheet, several=self._several)
        return self._calls.enter(origin, began_at, before)


@final
class InLog:
    """Whether anybody judges calls in one log."""

    def __init__(self, judge: Callable[[], LogCalls], *, ruled: bool) -> None:
        """Begin with what `judge` returns where tool rules are sealed; else once there is a call."""
        self._judge = judge
        self._calls = judge() if ruled else None

    def take(self, told: Told | None, receipt: bytes) -> None:
        """Take an entry's receipt, and what it says, None where that does not count."""
        if self._calls is None and (told is None or told.lasting.call is None):
            return
        if told is None:
            self._here().skip()
        else:
            self._here().take(told, sha256_hex(receipt) if told.cycle is not None else "")

    def disclose(self, record: DisclosureLine, where: str) -> None:
        """Take what opens the commitment of the receipt before it."""
        self._here().disclose(record, where)

    def finish(self) -> None:
        """Say that the log ends here."""
        if self._calls is not None:
            self._calls.finish()

    def counted(self) -> Mapping[str, Counted]:
        """Return what was counted, by the reference, for the next part of the log to go on with."""
        return {} if self._calls is None else self._calls.counted()

    def _here(self) -> LogCalls:
        if self._calls is None:
            self._calls = self._judge()
        return self._calls
