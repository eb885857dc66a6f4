"""What becomes of a cycle: a receipt or a place in a window, what it makes known besides, the action, the report."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from attest.agent.announcing import announce
from attest.agent.cycle import Cycle
from attest.agent.cycle_files import CycleFiles
from attest.agent.drafts import cycle_draft, event_draft
from attest.agent.enforcement.enforcer import Enforcer
from attest.agent.looking import Judged
from attest.agent.sealed import SealedServer
from attest.agent.target import Target
from attest.agent.turns import Turns
from attest.agent.windows import Moment, moment_of
from attest.appraisal.state import make_findings
from attest.codec.clock import Clock
from attest.recorder import Recorded, Recorder
from attest.statement.states import State


@dataclass(frozen=True, kw_only=True)
class Reported:
    """One cycle, for whoever watches; reported only once its receipt is durable, or it has its place in a window."""

    server: SealedServer
    cycle: Cycle
    sequence: int | None
    """Where its receipt stands in the log; None while it waits for that of its window."""
    receipt: str | None
    """The SHA-256 of that receipt."""
    began_boot: int
    """When its first read was, in milliseconds since boot."""
    outcome: str | None


@dataclass(kw_only=True)
class Keeper:
    """Records the cycles of one run, one after the other."""

    recorder: Recorder
    enforcer: Enforcer
    clock: Clock
    report: Callable[[Reported], None]
    files: CycleFiles
    run_id: str
    matched: bool = True
    """Whether every cycle so far was a MATCH."""
    turns: Turns = field(default_factory=Turns)

    def keep(self, target: Target, judged: Judged, *, unstarted: bool = False) -> None:
        """Record a cycle, and act if it demands so; `unstarted` if the server does not run yet."""
        by, cycle = judged.by, judged.cycle
        if target.watched is not None and not target.watched.announced and not unstarted:
            self.close(target)
            announce(by, target.watched, cycle, self.recorder, target.standing)
        begun = moment_of(cycle.measured, real=self.clock.real(), boot=self.clock.boot())
        recorded = self._record(target, judged, begun)
        self.matched = self.matched and cycle.state is State.MATCH
        outcome = None
        if recorded is not None:
            for event in self.turns.after(by, cycle, recorded.sequence):
                self.recorder.record(event_draft(event, target.standing, reference=by.opened.digest))
            outcome = self._follow(target, judged, recorded, unstarted=unstarted)
        self.report(
            Reported(
                server=by,
                cycle=cycle,
                sequence=None if recorded is None else recorded.sequence,
                receipt=None if recorded is None else recorded.digest,
                began_boot=begun.boot,
                outcome=outcome,
            )
        )

    def hear(self, targets: Iterable[Target]) -> None:
        """Record what became of hooks that have ended since, after the cycles that wait for a receipt got theirs."""
        if self.enforcer.hooks.ended():
            for target in targets:
                self.close(target)
            self.enforcer.settle()

    def close(self, target: Target) -> Recorded | None:
        """Record the receipt of the window that is open, if there is one."""
        recorded = None
        for by in target.references:
            window = target.windows.get(by.opened.digest)
            said = None if window is None else window.said()
            if window is not None and said is not None:
                clean = Cycle(measured=said, findings=make_findings(()))
                recorded = self.recorder.record(cycle_draft(by, clean, target.standing))
                window.closed()
        return recorded

    def _record(self, target: Target, judged: Judged, begun: Moment) -> Recorded | None:
        by, cycle = judged.by, judged.cycle
        window = target.windows.get(by.opened.digest) if cycle.state is State.MATCH else None
        if window is None or window.size == 0:
            # A window of another reference, or of clean cycles before one that is not.
            self.close(target)
        before, target.begun = target.begun, begun
        if window is None:
            return self.recorder.record(cycle_draft(by, cycle, target.standing))
        self.files.keep(by.opened.digest, window.add(cycle.measured, begun, before=before, run=self.run_id))
        return self.close(target) if window.is_full or self.turns.changes(by, cycle.state) else None

    def _follow(self, target: Target, judged: Judged, recorded: Recorded, *, unstarted: bool) -> str | None:
        if unstarted:
            return self.enforcer.follow_unstarted(judged.by, recorded, judged.cycle.findings)
        return self.enforcer.follow(judged.by, target.watched, recorded, judged.cycle.findings)
