"""One expected reference: how often it was measured, how well, and what was found."""

from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Final, final

import msgspec

from attest.codec import instant
from attest.evidence.verify.covering import Covering
from attest.evidence.verify.elsewhere import is_elsewhere, judge_elsewhere
from attest.evidence.verify.lifetime import NEVER, Lifetime
from attest.evidence.verify.question import FUTURE_TOLERANCE_MILLISECONDS, Question
from attest.evidence.verify.references import Sealed
from attest.evidence.verify.revoked import fail_void
from attest.evidence.verify.sheet import Sheet
from attest.evidence.verify.told import Cycle, Lasting, Told
from attest.statement.levels import BINDING_RANK, ISOLATION_RANK, OF_A_PROCESS, Binding, Isolation

if TYPE_CHECKING:
    from attest.statement.findings import Findings

_SECOND: Final = 1000
_REFERENCE: Final = "the reference, or a key that signed it,"

JUDGED: Final = (
    "freshness.age",
    "freshness.cadence",
    "freshness.validity",
    "conformance.measured",
    "conformance.matched",
    "conformance.binding",
    "conformance.isolation",
)
"""What is judged here, once every expected reference was finished."""


class Mark(msgspec.Struct, frozen=True, gc=False):
    """A moment from which the next measurement must not be too far: real time, and boot time within one boot (ms)."""

    real: int
    boot: int | None = None
    boot_id: str | None = None


@final
class Pace:
    """What was seen of one reference so far, over all logs."""

    def __init__(self, sealed: Sealed, question: Question, sheet: Sheet) -> None:
        """Begin with nothing seen."""
        self.sealed = sealed
        self._question = question
        self._sheet = sheet
        self.measurements = 0
        self.violations = 0
        self.newest: int | None = None
        self.newest_bound = False
        """Whether the newest measurement belongs to a run that was given the nonce."""
        self.binding: Binding | None = None
        self.isolation: Isolation | None = None
        self.largest_gap = 0
        """The longest time inside a run that was measured, and without a measurement, in milliseconds."""
        self._told_gap = 0
        """A longer one is news: it is the longest so far, or longer than the sealed one."""
        self._now = question.at + FUTURE_TOLERANCE_MILLISECONDS
        self._lifetime = Lifetime(sealed, sheet)
        self._mark: Mark | None = None
        self._opened: Mark | None = None
        """What `_mark` is as long as the run has measured nothing."""
        self._measurements_before = 0
        """How many there were when the run began."""
        self.covering = Covering(sealed, sheet)
        self._started = False
        """Whether the run has shown the process that it started."""
        self._unstarted: Isolation | None = None
        """Of a look at the files before their process was started, which may still follow."""
        self._bound: Lasting | None = None
        """What the last measurement said of its binding, if it showed the process: to hear it again changes nothing."""

    @property
    def latest(self) -> int:
        """The last moment at which the reference may be used in this log, milliseconds since 1970."""
        return self._lifetime.latest

    @property
    def first_used(self) -> int | None:
        """When the reference was first used in this log, if a time to live makes that count; None if nobody knows."""
        return self._lifetime.first_used

    def enter(self, *, cut: bool, first_used: int | None) -> None:
        """Begin another log, or a part that is `cut` off from its beginning; before it, it may have been used."""
        self._lifetime.enter(cut=cut, first_used=first_used)

    def open(self, mark: Mark) -> None:
        """Say that a run about this reference began, or that it is known to have been going on then."""
        self._begin(mark)
        self._lifetime.use(mark.real)
        self._leave_unstarted()

    def name(self, mark: Mark) -> None:
        """Say that the run goes on, this reference among those that it is about."""
        if self._mark is None:
            self._begin(mark)
        self._lifetime.use(mark.real)
        self._leave_unstarted()

    def hear(self, references: AbstractSet[str], at: int) -> None:
        """Say what a run is about, parents too: of all that was derived from one, the time to live runs with it."""
        if not references.isdisjoint((self.sealed.digest, *self.sealed.parents)):
            self._lifetime.use(at)

    def _begin(self, mark: Mark) -> None:
        self._mark = self._opened = mark
        self._measurements_before = self.measurements

    def close(self, mark: Mark, where: str) -> None:
        """Say that the run stopped, or that the log ends here."""
        opened, self._opened = self._opened, None
        if opened is not None and opened is self._mark:
            self.covering.bare(opened.real, mark.real, where)
        else:
            self._check_gap(mark, where)
            if opened is not None:
                self.covering.measured(opened.real, mark.real, own=self.measurements > self._measurements_before)
        self._mark = None
        self._leave_unstarted()

    def look(self, told: Told, cycle: Cycle, *, bound: bool) -> None:
        """Take a measurement or violation; `bound` says whether its run was given the nonce."""
        started, finished, lasting = cycle.started, cycle.finished, told.lasting
        began = self._advance(told, started)
        if self._lifetime.unused:
            self._lifetime.use(began)
        if not (
            self.sealed.not_before <= began <= started <= self._lifetime.latest and started <= finished <= self._now
        ):
            self._check_times(told, cycle)
        if lasting.findings is not None:
            self._violate(told, lasting.findings)
            return
        self.measurements += 1
        if self.newest is None or started > self.newest:
            self.newest, self.newest_bound = started, bound
        if lasting is not self._bound:
            self._bind(told)

    def look_aside(self, told: Told, cycle: Cycle) -> None:
        """Take a measurement or violation by another reference of the same server, in a run that has this one, too."""
        self._advance(told, cycle.started)
        if told.lasting.findings is not None:
            self._violate(told, told.lasting.findings)

    def finish(self) -> None:
        """Judge what can only be judged at the end."""
        self.covering.finish()
        self._finish_age()
        self.judge_validity()
        self._leave_unstarted()
        self._finish_minima()

    def _advance(self, told: Told, started: int) -> int:
        """Judge the gap before a measurement, and the largest that a window states; return when its first cycle began.

        `started` is when the newest of its cycles did.
        """
        lasting, began = told.lasting, started
        here, window = Mark(started, told.boot_time - (told.time - started), lasting.boot_id), lasting.window
        if window is None:
            self._check_gap(here, told.where)
        else:
            began = instant.parse(window.began_at)
            self._check_gap(_mark(told, began), told.where)
            self._check_largest(window.largest_gap_milliseconds, told.where, since=began)
        self._mark = here
        return began

    def _check_gap(self, mark: Mark, where: str) -> None:
        before = self._mark
        if before is None:
            return
        gap = mark.real - before.real
        if before.boot is not None and mark.boot is not None and before.boot_id == mark.boot_id:
            gap = max(gap, mark.boot - before.boot)
        if gap > self._told_gap:
            self._check_largest(gap, where, since=before.real)

    def _check_largest(self, gap: int, where: str, *, since: int) -> None:
        self.largest_gap = max(gap, self.largest_gap)
        self._told_gap = min(self.largest_gap, self.sealed.max_gap)
        if gap > self.sealed.max_gap:
            self._sheet.fail(
                "freshness.cadence",
                "inside a run nothing was measured for longer than the sealed largest gap",
                where=where,
                expected=f"at most {self.sealed.max_gap / _SECOND:g} s",
                found=f"{gap / _SECOND:g} s since {instant.text(max(0, since))}",
            )

    def _bind(self, told: Told) -> None:
        """Take the binding of a measurement, if it shows the process that it claims to be about.

        A launcher looks at the files once before it starts anything; that counts as its run if a process follows.
        """
        lasting = told.lasting
        self._bound = None
        if is_elsewhere(self.sealed.reference, lasting):
            if judge_elsewhere(self.sealed.reference, lasting, told.where, self._sheet):
                self._bound = lasting
            self._weaken(lasting.binding, lasting.isolation)
        elif lasting.process is not None or lasting.binding not in OF_A_PROCESS:
            self._started = lasting.process is not None
            self._unstarted = None
            self._bound = lasting
            self._weaken(lasting.binding, lasting.isolation)
        elif lasting.binding is Binding.LAUNCHED and not self._started and self._unstarted is None:
            self._unstarted = lasting.isolation
        else:
            self._sheet.fail(
                "conformance.binding",
                "a measurement that shows no process",
                where=told.where,
                expected=f"the process, since it is said to be {lasting.binding}",
                found="none",
            )

    def _leave_unstarted(self) -> None:
        """Count a look that no process followed as one at files alone."""
        if self._unstarted is not None:
            self._weaken(Binding.TREE, self._unstarted)
        self._unstarted = None
        self._started = False
        self._bound = None

    def _weaken(self, binding: Binding, isolation: Isolation) -> None:
        if binding is not self.binding and (self.binding is None or BINDING_RANK[binding] < BINDING_RANK[self.binding]):
            self.binding = binding
        if isolation is not self.isolation and (
            self.isolation is None or ISOLATION_RANK[isolation] < ISOLATION_RANK[self.isolation]
        ):
            self.isolation = isolation

    def _check_times(self, told: Told, cycle: Cycle) -> None:
        """Say what is wrong with the times of a measurement."""
        started, finished, began = cycle.started, cycle.finished, told.began(cycle)
        if started >= self.sealed.void.since:
            fail_void(self._sheet, _REFERENCE, self.sealed.void, found=instant.text(started), where=told.where)
        elif not self.sealed.not_before <= min(began, started) <= started <= self._lifetime.latest:
            outside = began if began < self.sealed.not_before else started
            self._outside_validity(instant.text(outside), told.where, until=self._lifetime.latest)
        if finished < started:
            self._sheet.fail("freshness.clock", "a measurement that ended before it began", where=told.where)
        if finished > self._now:
            self._sheet.fail(
                "freshness.future",
                "measured later than now",
                where=told.where,
                expected=f"at most {instant.text(self._question.at)}",
                found=instant.text(finished),
            )

    def _violate(self, told: Told, findings: "Findings") -> None:
        self.violations += 1
        first = findings.findings[0] if findings.findings else None
        more = f", and {findings.total - 1} more" if findings.total > 1 else ""
        self._sheet.fail(
            "conformance.matched",
            f"{findings.state}: {first.kind} {first.where}{more}" if first else findings.state,
            where=told.where,
            expected=first.expected if first else None,
            found=first.found if first else None,
        )

    def _outside_validity(self, time: str, where: str, *, until: int) -> None:
        validity = self.sealed.reference.validity
        end = "any time" if until == NEVER else instant.text(until)
        self._sheet.fail(
            "freshness.validity",
            "the reference is not valid then",
            where=where,
            expected=f"{validity.not_before} to {end}",
            found=time,
        )

    def _finish_age(self) -> None:
        if self.newest is None:
            self._sheet.fail("freshness.age", "no measurement", expected=f"one of {self.sealed.digest}")
            self._sheet.fail("conformance.measured", "no measurement", expected=f"one of {self.sealed.digest}")
            self._sheet.fail(
                "build-link.reference", "no receipt measures this reference", expected=f"one of {self.sealed.digest}"
            )
            return
        age = self._question.at - self.newest
        if age > self._question.max_evidence_age and not self.newest_bound:
            self._sheet.fail(
                "freshness.age",
                "the newest measurement is too old",
                expected=f"at most {self._question.max_evidence_age / _SECOND:g} s",
                found=f"{age / _SECOND:g} s, begun {instant.text(self.newest)}",
            )

    def judge_validity(self) -> None:
        """Judge whether the reference is valid now, not revoked, and new enough for the trust file."""
        sealed, at = self.sealed, self._question.at
        if at >= sealed.void.since:
            fail_void(self._sheet, _REFERENCE, sealed.void, found=f"now, {instant.text(at)}", where=sealed.where)
        if at < sealed.not_before or (sealed.not_after is not None and at > sealed.not_after):
            end = NEVER if sealed.not_after is None else sealed.not_after
            self._outside_validity(f"now, {instant.text(at)}", sealed.where, until=end)
        least = self._question.trust.minima.reference_sequence
        if least is not None and sealed.reference.validity.sequence < least:
            self._sheet.fail(
                "freshness.validity",
                "the reference is older than the trust file allows",
                where=sealed.where,
                expected=f"sequence {least} or higher",
                found=sealed.reference.validity.sequence,
            )

    def _finish_minima(self) -> None:
        rules, minima = self.sealed.reference.measurement, self._question.trust.minima
        for least in (rules.min_binding, minima.binding):
            if least is not None and (self.binding is None or BINDING_RANK[self.binding] < BINDING_RANK[least]):
                self._sheet.fail("conformance.binding", "too little was measured", expected=least, found=self.binding)
        for wanted in (rules.min_isolation, minima.isolation):
            if wanted is not None and (
                self.isolation is None or ISOLATION_RANK[self.isolation] < ISOLATION_RANK[wanted]
            ):
                self._sheet.fail(
                    "conformance.isolation",
                    "the measurer was not kept apart enough",
                    expected=wanted,
                    found=self.isolation,
                )


def _mark(told: Told, real: int) -> Mark:
    """Return a moment before a receipt was written, by both clocks."""
    return Mark(real=real, boot=told.boot_time - (told.time - real), boot_id=told.lasting.boot_id)
