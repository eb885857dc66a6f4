"""What an agent's log says of one server by now: a state that every receipt moves on. No I/O.

A match counts if it was made in this boot, of a process, and begun after that was started; it ceases to hold with
whatever says that the server is not known to be the sealed one any more, as in `attest.evidence.verify.calls.grounds`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, final

from attest.agent.drafts import Standing
from attest.appraisal.calls.kinds import RuleKind
from attest.appraisal.calls.ruling import Ruling, refused
from attest.codec import instant
from attest.codec.clock import Clock
from attest.codec.records import Record
from attest.portal.measuring import IN_SAFE_STATE, refusal_of
from attest.portal.session.gate import Match
from attest.statement.levels import OF_A_PROCESS, Binding
from attest.statement.predicates.runtime_event import Event, EventKind, RuntimeEvent
from attest.statement.predicates.runtime_measurement import MeasuredProcess, RuntimeMeasurement
from attest.statement.predicates.runtime_violation import RuntimeViolation
from attest.statement.receipt import ReceiptHeader

_SECOND: Final = 1000
_AHEAD_MS: Final = 1000
"""How far a receipt may seem to come from the future: what passes between reading one clock and the other."""

_BEGINNINGS: Final = frozenset({EventKind.START, EventKind.RESUME, EventKind.RELOAD})


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A match, the process that was measured, how, and by whom."""

    match: Match
    process: MeasuredProcess
    standing: Standing
    writer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What may be concluded from a log: the newest match, unless there is a reason to permit nothing."""

    refusal: Ruling | None
    seen: Seen | None


def not_known(why: str) -> Ruling:
    """Return that nothing is permitted since nobody knows what the server is."""
    return refused(RuleKind.MEASUREMENT_UNKNOWN, why)


@final
class Word:
    """The state of one reference in one log."""

    def __init__(self, reference: str, clock: Clock, ticks: int) -> None:
        """Begin with nothing said; `ticks` are the clock ticks of a second, in which starts of processes are told."""
        self._reference = reference
        self._clock = clock
        self._ticks = ticks
        self._refusal: Ruling | None = not_known("no agent measures the server: its log holds no run")
        self._seen: Seen | None = None
        self._process: MeasuredProcess | None = None
        """The process that was started last in this run, if that was said."""
        self._safe = False

    @property
    def said(self) -> Said:
        """What may be concluded by now."""
        return Said(refusal=IN_SAFE_STATE if self._safe else self._refusal, seen=self._seen)

    def distrust(self) -> None:
        """Let no match count that was made until now: its age cannot be known."""
        self._seen = None

    def hear(self, said: Record, digest: str) -> None:
        """Take the next receipt of the log, of this SHA-256."""
        match said:
            case RuntimeMeasurement(receipt=receipt) if receipt.reference == self._reference:
                self._measure(said, digest)
            case RuntimeViolation(receipt=receipt, findings=findings) if receipt.reference == self._reference:
                self._refusal = refusal_of(findings)
            case RuntimeEvent(receipt=receipt, event=event):
                self._follow(event, receipt.reference)
            case _:
                pass

    def _follow(self, event: Event, reference: str | None) -> None:
        if event.kind in _BEGINNINGS:
            ours = self._reference in event.references
            self._restart(None if ours else not_known("the agent goes on without this reference"))
        elif event.kind is EventKind.STOP:
            self._restart(not_known(f"the agent that measured the server has stopped: {event.outcome}"))
        elif event.kind is EventKind.CLOCK_STEP and (event.step_milliseconds or 0) < 0:
            self.distrust()
        elif reference != self._reference:
            return
        elif event.kind is EventKind.PROCESS and event.process is not None:
            self._seen, self._process = None, event.process.process
        elif event.kind is EventKind.SAFE_STATE:
            # Nothing in this log ends it.
            self._safe = True

    def _restart(self, refusal: Ruling | None) -> None:
        self._refusal, self._seen, self._process = refusal, None, None

    def _measure(self, said: RuntimeMeasurement, digest: str) -> None:
        receipt, process = said.receipt, said.measured.coverage.process
        if process is None and receipt.binding is Binding.LAUNCHED:
            return  # The look at the files before the server is started.
        began = receipt.boot_time_milliseconds - (
            instant.parse(receipt.real_time) - instant.parse(said.measured.started_at)
        )
        self._refusal = self._objection(receipt, process, began)
        if self._refusal is None and process is not None:
            match = Match(log_origin=receipt.log_origin, sequence=receipt.sequence, receipt=digest, began_ms=began)
            standing = Standing(binding=receipt.binding, isolation=receipt.isolation)
            self._seen = Seen(match=match, process=process, standing=standing, writer=receipt.writer)

    def _objection(self, receipt: ReceiptHeader, process: MeasuredProcess | None, began: int) -> Ruling | None:
        """Return why a measurement that matched permits nothing."""
        if receipt.boot_id != self._clock.boot_id:
            return not_known("the server was last measured before this boot, or on another machine")
        if receipt.boot_time_milliseconds > self._clock.boot() + _AHEAD_MS:
            return not_known("the newest measurement is told to be of a time to come")
        if process is None or receipt.binding not in OF_A_PROCESS:
            return not_known("the agent measures files, and no process: start it with --pid")
        if self._process is not None and _name(process) != _name(self._process):
            return not_known("another process was measured than the one that was started last")
        if began < process.start_time_ticks * _SECOND // self._ticks:
            return not_known("the newest measurement was begun before the server was started")
        return None


def _name(process: MeasuredProcess) -> tuple[int, int]:
    return process.pid, process.start_time_ticks
