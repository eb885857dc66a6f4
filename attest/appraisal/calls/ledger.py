"""What was permitted, answered and denied so far: counts, histories and watches, for one set of rules.

It has no clock: every time is handed in, in milliseconds of one clock that never runs backwards (boot time). What a
caller can make it hold is bounded by the sealed names and by what is in flight: of nobody sealed, nothing is kept.
"""

from __future__ import annotations

from dataclasses import dataclass

from attest.appraisal.calls.asked import Asked
from attest.appraisal.calls.baseline import Watch
from attest.appraisal.calls.limits import Applied, LimitPlan, MeterKey
from attest.appraisal.calls.sequences import History
from attest.appraisal.calls.windows import Meter
from attest.statement.tools.calls import OutcomeStatus
from attest.statement.tools.limits import Unit
from attest.statement.tools.rules import ToolRules, Trait


@dataclass(slots=True)
class _Pending:
    asked: Asked
    times: int = 1


class Ledger:
    """The counts behind a `Rulebook`'s rulings. The rulebook reads, whoever acts on a ruling writes."""

    def __init__(self, rules: ToolRules, plan: LimitPlan) -> None:
        """Start with nothing counted; `Rulebook.ledger` calls this."""
        self._rules = rules
        self._plan = plan
        self._tools = frozenset(tool.name for tool in rules.tools)
        self._pending: dict[str, _Pending] = {}
        self._watches = {each.name: Watch(rules.baseline) for each in rules.principals}
        self.meters: dict[MeterKey, Meter] = {}
        self.history = History(rules.sequences)
        self.stopped: set[str] = set()
        """The principals that left the baseline."""
        self.newest_ms: int | None = None
        """The latest time that anything was counted at; earlier ones are the clock running backwards."""

    def permit(self, asked: Asked, call_id: str, now_ms: int) -> None:
        """Count a request that is about to be forwarded; `call_id` is the `Call.id` of its receipt."""
        now_ms = self._advance(now_ms)
        who, tool = self.principal(asked), self.tool(asked)
        for each in self._plan.applied(who, tool):
            self._meter(each).add(each.adds(asked), now_ms)
        pending = self._pending.setdefault(call_id, _Pending(asked, 0))
        pending.times += 1
        if tool is not None:
            self.history.permit(who, tool, now_ms)
        watch = self._watches.get(who)
        if watch is not None and watch.rules:
            watch.count(Trait.CALLS, 1, now_ms)
            watch.count(Trait.ARGUMENT_BYTES, asked.size, now_ms)
            if tool is not None:
                watch.use(tool, now_ms)

    def settle(self, call_id: str, *, size: int, status: OutcomeStatus, now_ms: int) -> None:
        """Count what came of a permitted call: `size` bytes that the caller was given (0 where withheld or lost).

        A call that is settled, or was never permitted, is left as it is.
        """
        pending = self._pending.pop(call_id, None)
        if pending is None:
            return
        now_ms = self._advance(now_ms)
        who, tool = self.principal(pending.asked), self.tool(pending.asked)
        for each in self._plan.applied(who, tool):
            if each.limit.unit is Unit.CONCURRENCY:
                self._meter(each).release(pending.times)
            else:
                self._meter(each).add(each.a_byte * size, now_ms)
        if tool is not None and status is OutcomeStatus.RESULT:
            self.history.succeed(who, tool, now_ms)
        if status is OutcomeStatus.ERROR and who in self._watches:
            self._watches[who].count(Trait.ERRORS, 1, now_ms)

    def deny(self, asked: Asked, now_ms: int, times: int = 1) -> None:
        """Count a refusal; it changes the baseline's counts and nothing else."""
        now_ms = self._advance(now_ms)
        watch = self._watches.get(self.principal(asked))
        if watch is not None:
            watch.count(Trait.DENIALS, times, now_ms)

    def stop(self, principal: str) -> None:
        """Deny everything to a principal, by name, from now on; of no other, and of no unknown one."""
        if principal in self._watches:
            self.stopped.add(principal)

    def forgive(self, principal: str) -> None:
        """Take back `stop`, and count afresh what is usual: of a copy, behind which nothing real is done."""
        self.stopped.discard(principal)
        if principal in self._watches:
            self._watches[principal] = Watch(())

    def pending(self) -> tuple[str, ...]:
        """Return the ids of the calls that have no outcome; after a restart, whoever starts settles them as lost."""
        return tuple(self._pending)

    def watch(self, principal: str) -> Watch | None:
        """Return what is counted of a sealed principal."""
        return self._watches.get(principal)

    def principal(self, asked: Asked) -> str:
        """Return the name that a request is counted under: empty if nobody sealed asks."""
        name = "" if asked.principal is None else asked.principal.name
        return name if name in self._watches else ""

    def tool(self, asked: Asked) -> str | None:
        """Return the sealed tool that a request calls, if any."""
        return asked.name if asked.method == "tools/call" and asked.name in self._tools else None

    def snapshot(self, now_ms: int) -> tuple[object, ...]:
        """Return the whole state at `now_ms` as a value: two ledgers that return the same will rule the same."""
        meters = {key: meter.entries(now_ms) for key, meter in self.meters.items()}
        return (
            {key: entries for key, entries in meters.items() if entries[0]},
            {call: (each.asked.method, each.asked.name, each.times) for call, each in self._pending.items()},
            {name: watch.entries(now_ms) for name, watch in self._watches.items()},
            self.history.permitted_at,
            self.history.succeeded_at,
            self.stopped,
            self.newest_ms,
        )

    def _meter(self, applied: Applied) -> Meter:
        meter = self.meters.get(applied.key)
        if meter is None:
            meter = self.meters[applied.key] = Meter(applied.limit.within_seconds)
        return meter

    def _advance(self, now_ms: int) -> int:
        """Return the time to count at: a clock that ran backwards frees nothing early."""
        self.newest_ms = now_ms if self.newest_ms is None else max(self.newest_ms, now_ms)
        return self.newest_ms
