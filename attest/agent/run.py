"""A run: from its start event over cycle after cycle to its stop event, for one or several sealed servers.

This thread alone records and acts; what is slow, to look at a server, happens in others (`attest.agent.looking`).
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from attest.agent.circumstances import Circumstances
from attest.agent.closure import Looked, Looks, make_caches
from attest.agent.cycle import ended_meanwhile, measure_once, unanswered
from attest.agent.cycle_files import CycleFiles
from attest.agent.drafts import event_draft
from attest.agent.enforcement.enforcer import Enforcer
from attest.agent.enforcement.resuming import answer_unanswered
from attest.agent.explaining import Explainer
from attest.agent.keeping import Keeper, Reported
from attest.agent.looking import Answer, Begun, Judged, Looking, Measure
from attest.agent.reloading import Reopen
from attest.agent.run_request import RunRequest
from attest.agent.schedule import Schedule, Slot
from attest.agent.set_back import SetBack
from attest.agent.sharing import Shared
from attest.agent.start_event import start_event
from attest.agent.target import Target, references_of, runtimes_of, weakest_standing
from attest.agent.turns import Turns
from attest.agent.waking import Waking, open_waking
from attest.agent.watched import WatchedProcess
from attest.codec.clock import Clock
from attest.errors import AttestError, RefusedError
from attest.recorder import Recorder
from attest.statement.findings import Finding
from attest.statement.predicates.runtime_event import Event, EventKind

_SECOND: Final = 1000
_RUN_ID_BYTES: Final = 16
_EXPLAIN_SECONDS: Final = 30
"""How long the end of a single cycle waits for what a person may be told about a drift."""

_MIN_WAIT_SECONDS: Final = 0.001
_MAX_WAIT_SECONDS: Final = 0.25
"""How long a wait may hide that `stop` was set, or that a process ended."""


@dataclass(kw_only=True)
class Run:
    """A run in progress; `stop` may be set from anywhere, also from a signal handler."""

    request: RunRequest
    recorder: Recorder
    enforcer: Enforcer
    circumstances: Circumstances
    clock: Clock
    report: Callable[[Reported], None]
    files: CycleFiles
    explainer: Explainer
    stop: threading.Event = field(default_factory=threading.Event)
    tell: Callable[[str], None] = field(default=lambda _line: None)
    """Says to whoever watches what no receipt can say."""
    before_stop: Callable[[], None] = field(default=lambda: None)
    """Returns once whoever else records into this log has recorded all of what belongs to this run."""
    reopen: Reopen | None = None
    """Reads the references again; None where a run keeps those that it began with."""
    reload: threading.Event = field(default_factory=threading.Event)
    """May be set from anywhere, too: the references are read again before the next cycle."""
    measure: Measure | None = None
    """Instead of really looking at a target."""
    _unstarted: bool = False
    """Whether the server is still to be started."""
    _void: bool = False
    """Whether nothing counts any more that is signed here."""
    _waking: Waking = field(default_factory=lambda: Waking(None))
    _set_back: SetBack = field(init=False)
    _keeper: Keeper = field(init=False)
    _looking: Looking = field(init=False)
    _waiting: deque[tuple[Target, Looks]] = field(default_factory=deque)
    """What is due, and whose look was not begun yet."""

    def __post_init__(self) -> None:
        """Get ready; nothing is recorded yet."""
        interrupted = self.recorder.interrupted
        run = None if interrupted is None else interrupted.run
        self._keeper = Keeper(
            recorder=self.recorder,
            enforcer=self.enforcer,
            clock=self.clock,
            report=self._report,
            files=self.files,
            run_id=run or os.urandom(_RUN_ID_BYTES).hex(),
        )
        self._set_back = SetBack(self.recorder, self.clock)
        self._looking = Looking(self.measure or self._look)
        self._make_caches()

    def _make_caches(self) -> None:
        for target in self.request.targets:
            every = (*target.references, *runtimes_of([target]).values())
            target.caches = make_caches(every, self.request.cycle_seconds)

    @property
    def matched(self) -> bool:
        """Whether every cycle so far was a MATCH."""
        return self._keeper.matched and not self._void and not self._set_back.ever

    def once(self) -> bool:
        """Start, measure every server once, stop; return whether everything matched."""
        self._start()
        self._cycle()
        self._stop("one cycle was asked for")
        return self.matched

    def until_stopped(self) -> bool:
        """Measure until `stop` is set or every process has ended; return whether every cycle matched."""
        self._start()
        self._stop(self._until_ended())
        return self.matched

    def launched(self, start: Callable[[], WatchedProcess]) -> bool:
        """Measure, and `start` the process only if everything matched; then as `until_stopped`.

        What does not match is recorded, and starts only audit-only. What `start` raises is passed on, after the stop.
        """
        self._start()
        if not self._may_start():
            self._stop("the server was not started: it is not as sealed")
            return False
        if self.stop.is_set():
            self._stop("the agent was asked to stop before the server was started")
            return self.matched
        try:
            self.request.targets[0].watched = start()
        except AttestError:
            self._stop("the server could not be started")
            raise
        self._stop(self._until_ended())
        return self.matched

    def _until_ended(self) -> str:
        """Measure cycle after cycle, woken by changes between them; return why no more."""
        with open_waking() as self._waking:
            return self._cycles()

    def _cycles(self) -> str:
        schedule = self._schedule()
        while not self.stop.is_set():
            if self.reload.is_set():
                self._reload()
                schedule = self._schedule()
            if self._all_ended():
                return "the process ended"
            if (reason := self.circumstances.why_no_more()) is not None:
                self._void = self.circumstances.writer_is_void()
                return reason
            for slot in schedule.take_due(self.clock.boot()):
                self._call(slot)
            if self._advance(until=schedule.next_due()):
                schedule.bring_forward(self.clock.boot())
        self._finish_looks()
        return "the agent was asked to stop"

    def _schedule(self) -> Schedule:
        return Schedule(self.request.targets, now=self.clock.boot(), cycle_seconds=self.request.cycle_seconds)

    def _finish_looks(self) -> None:
        """Begin no more looks, and settle those that are under way."""
        self._waiting.clear()
        while self._looking.waits:
            self._advance(until=None)

    def _reload(self) -> None:
        """Go on with the references as they are now; with those of before if there is anything wrong with them."""
        self.reload.clear()
        self._finish_looks()
        before = self.request.targets
        try:
            targets = before if self.reopen is None else self.reopen(before)
        except AttestError as error:
            self.tell(f"not reloaded: {error}")
            return
        event = Event(kind=EventKind.RELOAD, run=self._keeper.run_id, references=references_of(targets))
        self._record(event)
        self.circumstances.use(event.references, self.recorder.latest or 0)
        self.request = replace(self.request, targets=targets, standing=weakest_standing(targets))
        self._keeper.turns = Turns()
        self._make_caches()
        self.tell(f"reloaded: {', '.join(target.server.reference.server.name for target in targets)}")

    def _start(self) -> None:
        event = start_event(self.request, self._keeper.run_id, self.recorder.interrupted)
        if event.unsigned_cycles:
            self.tell(f"{event.unsigned_cycles} clean cycles before the crash had no receipt: they count for nothing")
        self._record(event)
        self.circumstances.use(event.references, self.recorder.latest or 0)
        answer_unanswered(self.enforcer, tuple(target.server for target in self.request.targets))

    def _report(self, reported: Reported) -> None:
        self.report(reported)

    def _may_start(self) -> bool:
        """Measure what is to be started; there is nothing to stop yet, which what follows drift says."""
        self._unstarted = True
        self._cycle()
        self._unstarted = False
        return self.matched or (not self._set_back.ever and self.circumstances.audits(self.request.targets[0].server))

    def _cycle(self) -> bool:
        """Measure every server once and settle it all; return False once every watched process has ended."""
        now = self.clock.boot()
        for slot in Schedule(self.request.targets, now=now).take_due(now):
            self._call(slot)
        while self._waiting or self._looking.waits:
            self._advance(until=None)
        self.explainer.finish(_EXPLAIN_SECONDS)
        return not self._all_ended()

    def _call(self, slot: Slot) -> None:
        """Have the servers of a slot looked at, unless the clock was set back behind the log."""
        around = self._around()
        if around is None:
            return
        shared = Shared[Looked]()
        waiting = {target for target, _ in self._waiting}
        for target in slot.targets:
            if target in waiting or self._looking.awaits(target):
                # Its cycle is shorter than its look takes.
                continue
            looks = Looks(
                deriver=target.deriver,
                clock_ms=self.clock.real,
                beside=self.request.beside,
                judge=self.circumstances.judge,
                around=around,
                caches=target.caches,
                fine=self.request.fine,
                helped=target.standing.may_be_helped,
                shared=shared,
                waking=self._waking,
            )
            self._waiting.append((target, looks))

    def _around(self) -> tuple[Finding, ...] | None:
        """Return what is found before anything is looked at; None while nothing can be recorded."""
        if self._set_back.holds(self.tell):
            return None
        try:
            return self.circumstances.begin(self._record)
        except RefusedError:
            if not self._set_back.holds(self.tell):
                raise
            return None

    def _advance(self, *, until: int | None) -> bool:
        """Begin a look if there is room, wait for an answer, settle what there is; `until` is in ms since boot.

        Return whether a change woke us, so that all is to be looked at.
        """
        self._begin_waiting()
        seconds = self._patience(until)
        answer, woken = None, False
        if self._looking.under_way:
            answer = self._looking.take(seconds)
        else:
            woken = self._wait(seconds)
        self._hear()
        late = self._looking.give_up(self.clock.boot())
        answers = [*([] if answer is None else [answer]), *late]
        for each in answers:
            self._settle(each)
        if answers:
            self.recorder.checkpoint().result()
        return woken

    def _wait(self, seconds: float) -> bool:
        """Wait for the next cycle; `stop` ends the wait, and so does a change, of which True tells."""
        return self._waking.wait(seconds, self.stop)

    def _begin_waiting(self) -> None:
        while self._waiting and not self._looking.crowded(self.clock.boot()):
            target, looks = self._waiting.popleft()
            begun = Begun(boot=self.clock.boot(), real=self.clock.real())
            if not self._looking.begin(target, looks, begun):
                self._settle(Answer(target=target, begun=begun, looked=None))

    def _patience(self, until: int | None) -> float:
        """Return for how many seconds to wait at most."""
        times = [time for time in (until, self._looking.next_late()) if time is not None]
        left = (min(times) - self.clock.boot()) / _SECOND if times else _MAX_WAIT_SECONDS
        return max(_MIN_WAIT_SECONDS, min(left, _MAX_WAIT_SECONDS))

    def _settle(self, answer: Answer) -> None:
        """Record and act, unless the process ended meanwhile, or the clock was set back behind the log."""
        target, judged = answer.target, self._judged(answer)
        if target not in self.request.targets:
            return  # Bad news of a server as it was sealed before a reload: the next cycle has its own.
        if target.ended() and not judged.cycle.is_drift:
            if self._all_ended():
                return
            judged = Judged(by=judged.by, cycle=ended_meanwhile(judged.cycle))
        try:
            self._keeper.keep(target, judged, unstarted=self._unstarted)
        except RefusedError:
            if not self._set_back.holds(self.tell):
                raise
        else:
            if not self._unstarted:
                self.explainer.after(target, judged.cycle, self.clock, self.tell)

    def _judged(self, answer: Answer) -> Judged:
        if isinstance(answer.looked, Judged):
            return answer.looked
        why = f"none within {answer.target.patience_ms // 1000} s" if answer.looked is None else str(answer.looked)
        server = answer.target.server
        return Judged(by=server, cycle=unanswered(server, began=answer.begun.real, ended=self.clock.real(), why=why))

    def _look(self, target: Target, looks: Looks) -> Judged:
        server = target.server
        if self._unstarted:
            return Judged(by=server, cycle=measure_once(server, None, looks, self.clock))
        by, cycle = target.choice.measure(server, target.watched, looks, self.clock)
        return Judged(by=by, cycle=cycle)

    def _all_ended(self) -> bool:
        return all(target.ended() for target in self.request.targets)

    def _hear(self) -> None:
        """Record the outcomes of hooks, unless the clock was set back behind the log."""
        try:
            self._keeper.hear(self.request.targets)
        except RefusedError:
            if not self._set_back.holds(self.tell):
                raise

    def _stop(self, reason: str) -> None:
        self.before_stop()
        self.enforcer.hooks.finish()
        self._hear()
        self._record(Event(kind=EventKind.STOP, run=self._keeper.run_id, outcome=reason))
        self.recorder.checkpoint().result()

    def _record(self, event: Event) -> None:
        """Record what is about no single server; before it, the cycles that wait for a receipt get theirs."""
        for target in self.request.targets:
            self._keeper.close(target)
        self.recorder.record(event_draft(event, self.request.standing, reference=None))
