"""One log of a bundle: its chain, and what its receipts say, receipt after receipt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, final

from attest.codec import instant
from attest.errors import MalformedError, UntrustedError
from attest.evidence.grammar import CheckpointLine
from attest.evidence.verdict import End
from attest.evidence.verify.actions import Actions
from attest.evidence.verify.calling import Calling
from attest.evidence.verify.chain import Chain, event_of, judge_end, judge_start
from attest.evidence.verify.composed import Runtimes
from attest.evidence.verify.entries import EntryParts
from attest.evidence.verify.likeness import ReceiptReader
from attest.evidence.verify.lines import Line
from attest.evidence.verify.noted import open_note
from attest.evidence.verify.opening import Opened
from attest.evidence.verify.pace import Mark, Pace
from attest.evidence.verify.parts import Ending
from attest.evidence.verify.question import FUTURE_TOLERANCE_MILLISECONDS, Question
from attest.evidence.verify.references import Section
from attest.evidence.verify.revoked import GOOD, WRITER, fail_void, void_writer
from attest.evidence.verify.runs import Phase, Runs
from attest.evidence.verify.sheet import Sheet
from attest.evidence.verify.told import Cycle, Lasting, Told, own_subject
from attest.evidence.verify.transitions import Transitions
from attest.evidence.verify.violations import Violations
from attest.evidence.verify.windows import Windows
from attest.signing.keyring import Verified, VerifyingKey
from attest.statement.predicates.runtime_event import Event, EventKind
from attest.tlog.entry import LogEntry

JUDGED: Final = (
    "integrity.subject",
    "authenticity.receipts",
    "authenticity.checkpoint",
    "completeness.runs",
    "completeness.windows",
    "completeness.end",
    "freshness.future",
    "freshness.clock",
    "conformance.actions",
    "conformance.transitions",
)
"""What is judged here, in `runs`, `windows` and `actions`, once every log came to its end."""


@final
class LogJudge:
    """The state of judging one log's section, with receipts (`take`) or without (`pass_over`)."""

    def __init__(
        self,
        chain: Chain,
        *,
        question: Question,
        sheet: Sheet,
        section: Section,
        paces: Mapping[str, Pace],
        runtimes: Runtimes,
        calling: Calling,
    ) -> None:
        """Begin before the section's first entry, where `chain` begins."""
        self._question = question
        self._sheet = sheet
        self._section = section
        self._writers = section.writers
        self._paces = paces
        self._runtimes = runtimes
        self.chain = chain
        whole, before = chain.began_at == 0, chain.before
        self.runs = Runs(question, sheet, from_genesis=whole, before=chain.previous_time)
        self.windows = Windows(sheet, from_genesis=whole)
        self.violations = Violations()
        self._actions = Actions({name: pace.sealed for name, pace in paces.items()}, sheet, chain.began_at)
        self._latest = question.at + FUTURE_TOLERANCE_MILLISECONDS
        self._reader = ReceiptReader()
        self._boot_id: str | None = None
        self._boot_time = 0
        """Of the receipt before, milliseconds since that boot."""
        self.writer: str | None = None
        self._void = GOOD
        """From when on the writer's key is revoked."""
        self._settled: tuple[Lasting, tuple[VerifyingKey, ...]] | None = None
        """What the last receipt said of writer and subject, and who signed it, if all that was good."""
        self.end = End.UNPROVEN
        self.named: set[str] = set()
        self.newest_measured: int | None = None
        self._transitions = Transitions(section.sealed.get, sheet, from_genesis=whole)
        self.ending: Ending | None = None
        """What is known at the end of the section, once it was read."""
        self.calls = calling.enter(chain.origin, chain.began_at, {} if before is None else before.counted)
        for name, pace in paces.items():
            own = (name, *pace.sealed.parents)
            pace.enter(cut=not whole, first_used=None if before is None else before.first_use(own))
            if not whole and chain.previous_time is not None:
                pace.open(Mark(real=chain.previous_time))

    def pass_over(self, where: str, record: EntryParts) -> str:
        """Take an entry without its receipt, as a structural bundle holds it; return its event."""
        entry = self.chain.step_unknown(record, where)
        if (time := instant.parse(entry.time)) > self._latest:
            self._fail_future(time, where)
        if entry.event == "runtime-measurement":
            self.newest_measured = self.chain.previous_time
        return entry.event

    def take(self, where: str, record: EntryParts, opened: Opened) -> str:
        """Take an entry and its opened receipt; return the entry's event."""
        event = event_of(record.entry)
        told = self._read(where, record, opened, event)
        if told is None or not self.chain.step(record, told, event):
            entry = self.chain.step_unknown(record, where)
            event = entry.event
            if told is not None:
                self._compare(told, entry)
        if told is not None:
            self._judge(told)
        self.calls.take(told, record.receipt)
        return event

    def _judge(self, told: Told) -> None:
        """Judge what a verified receipt says, wherever it stands."""
        if told.time > self._latest:
            self._fail_future(told.time, told.where)
        settled, lasting = self._settled, told.lasting
        if settled is None or settled[0] is not lasting or settled[1] != told.signers:
            # Both look at nothing else, but for the writer of the receipt before, which was the same.
            good = self._is_by_writer(told) & self._is_about_subject(told)
            self._settled = (lasting, told.signers) if good else None
        if told.time >= self._void.since:
            fail_void(self._sheet, WRITER, self._void, found=told.real_time, where=told.where)
        self._check_clock(told)
        self._follow(told)

    def _read(self, where: str, record: EntryParts, opened: Opened, event: str) -> Told | None:
        if record.envelope is None or not isinstance(opened, Verified):
            if isinstance(opened, MalformedError | UntrustedError):
                self._sheet.fail_with("authenticity.receipts", opened)
            return None
        try:
            return self._reader.read(record.envelope, opened, record.pieces, event, where)
        except MalformedError as error:
            self._sheet.fail_with("integrity.commitment", error)
            return None

    def finish(self, line: Line, record: CheckpointLine) -> None:
        """Judge the section's checkpoint and how it ends."""
        note, where, here = record.note.encode(), line.where, self.chain.stretch
        checkpoint = open_note(note, here, self.writer, self._writers, self._question, self._sheet, where)
        self.chain.finish(checkpoint, line.where)
        judge_start(self.chain, self._sheet, line.where)
        self._actions.finish()
        self.calls.finish()
        if self.runs.phase is not Phase.STOPPED and self.chain.previous_time is not None:
            for pace in self._paces.values():
                pace.close(Mark(real=self.chain.previous_time), line.where)
        stopped, bound = self.runs.phase is Phase.STOPPED, self.runs.holds_nonce
        self.end = judge_end(self.chain, self._question, self._sheet, line.where, stopped=stopped, bound=bound)
        self.ending = self._ending()

    def _ending(self) -> Ending:
        """Return what the next part of the log goes on with."""
        return Ending(
            head=self.chain.head,
            start=self.chain.start,
            proven_pins=tuple(self.chain.proven_pins),
            first_used={name: at for name, pace in self._paces.items() if (at := pace.first_used) is not None},
            counted=self.calls.counted(),
        )

    def _fail_future(self, time: int, where: str) -> None:
        self._sheet.fail(
            "freshness.future",
            "an entry from the future",
            where=where,
            expected=f"at most {instant.text(self._question.at)}",
            found=instant.text(time),
        )

    def _compare(self, told: Told, entry: LogEntry) -> None:
        """Say in what a receipt and its entry differ, if it is that why the entry is not the one it has to be."""
        origin = told.lasting.log_origin
        if (origin, told.sequence, told.previous, told.real_time) != (
            entry.origin,
            entry.sequence,
            entry.previous,
            entry.time,
        ):
            self._sheet.fail(
                "integrity.commitment",
                "the receipt belongs to another place than its entry",
                where=told.where,
                expected=f"entry {entry.sequence} of {entry.origin} at {entry.time}",
                found=f"entry {told.sequence} of {origin} at {told.real_time}",
            )

    def _is_by_writer(self, told: Told) -> bool:
        """Return whether the log's one writer signed, and may write about these references; say so if not."""
        writer, before = told.lasting.writer, self.writer
        good = any(key.keyid == writer for key in told.signers) and before in {None, writer}
        if not good:
            self._sheet.fail(
                "authenticity.receipts",
                "signed by another key than the log's writer",
                where=told.where,
                expected=before or writer,
                found=", ".join(key.keyid for key in told.signers),
            )
        if before != writer:
            self._void = void_writer(self._question, writer)
        self.writer = writer
        self.named.update(told.lasting.references)
        for digest in told.lasting.references:
            good = self._may_write(writer, digest, told.where) and good
        return good

    def _may_write(self, writer: str, digest: str, where: str) -> bool:
        """Return whether a reference is here and names the writer, or nobody trusted signed it; say so if not."""
        sealed = self._section.sealed.get(digest)
        if sealed is None:
            if self._section.holds(digest):
                return True
            self._sheet.fail(
                "authenticity.references",
                "a receipt is about a reference that is not here",
                where=where,
                expected=digest,
            )
            return False
        if self._writers.may_write(sealed.reference, writer):
            return True
        self._sheet.fail(
            "authenticity.receipts",
            "the writer is not one that the reference names",
            where=where,
            expected=sealed.writers,
            found=writer,
        )
        return False

    def _is_about_subject(self, told: Told) -> bool:
        """Return whether the subjects are the sealed ones, or those of its own record; say so if not."""
        lasting = told.lasting
        if lasting.is_about_server:
            sealed = self._section.sealed.get(lasting.reference or "")
            if sealed is None and lasting.reference is not None:
                return True
            if sealed is not None and sealed.is_about(lasting.subjects):
                return True
            expected: object = "a reference" if sealed is None else sealed.reference.manifest.digest.sha256
        elif lasting.subjects == (own := own_subject(lasting)):
            return True
        else:
            expected = own[0].digest.sha256
        self._sheet.fail(
            "integrity.subject",
            "the receipt is about something else than it says",
            where=told.where,
            expected=expected,
            found=lasting.subjects[0].digest.sha256,
        )
        return False

    def _check_clock(self, told: Told) -> None:
        if told.boot_time < self._boot_time and told.lasting.boot_id == self._boot_id:
            self._sheet.fail(
                "freshness.clock",
                "the time since boot falls",
                where=told.where,
                expected=f"{self._boot_time} ms or more",
                found=f"{told.boot_time} ms",
            )
        self._boot_id, self._boot_time = told.lasting.boot_id, told.boot_time

    def _follow(self, told: Told) -> None:
        lasting = told.lasting
        if lasting is not self._transitions.repeated or lasting.references is not self.runs.going_on:
            self.runs.step(told)
            if lasting.event is not None:
                self._follow_event(told, lasting.event)
            self._transitions.step(told)
        pace_here = self._paces.get(lasting.reference or "")
        if told.cycle is not None:
            self._follow_cycle(told, told.cycle, pace_here)
        if not lasting.is_measurement:
            self._follow_other(told, pace_here)

    def _follow_other(self, told: Told, pace_here: Pace | None) -> None:
        findings, reference = told.lasting.findings, told.lasting.reference
        if findings is not None:
            self.violations.take(reference, findings)
        if pace_here is not None:
            self._actions.step(told)
        elif reference is None and findings is not None:
            self._sheet.fail("conformance.matched", "a violation that names no reference", where=told.where)

    def _follow_event(self, told: Told, event: Event) -> None:
        here = Mark(real=told.time, boot=told.boot_time, boot_id=told.lasting.boot_id)
        self._transitions.bound(event.kind)
        self._writers.compare(told.lasting.writer, event, told.where)
        named = [self._paces[digest] for digest in event.references if digest in self._paces]
        if event.kind is EventKind.START:
            for pace in named:
                pace.open(here)
        elif event.kind in {EventKind.RESUME, EventKind.RELOAD}:
            for pace in named:
                pace.name(here)
        if event.kind in {EventKind.START, EventKind.RESUME, EventKind.RELOAD}:
            self.windows.restart()
        if event.kind in {EventKind.STOP, EventKind.RELOAD}:
            for pace in self._paces.values():
                if pace not in named:
                    pace.close(here, told.where)
        used = self._section.parents_of(event.references).union(event.references)
        self._runtimes.name(told.lasting.log_origin, used, told.time)
        for pace in self._paces.values():
            pace.hear(used, told.time)

    def _follow_cycle(self, told: Told, cycle: Cycle, pace_here: Pace | None) -> None:
        window, runtime = told.lasting.window, told.lasting.runtime
        self.windows.count(told)
        if pace_here is not None:
            if window is not None:
                self.windows.look(pace_here.sealed, told, window, cycle)
            pace_here.look(told, cycle, bound=self.runs.holds_nonce)
            self._runtimes.look(pace_here.sealed, told, cycle)
        if len(self.runs.references) > 1:
            self._look_aside(told, cycle)
        # Where the runtime's own reference is expected, too, it was measured in this cycle.
        pace_of_runtime = None if runtime is None else self._paces.get(runtime)
        if pace_of_runtime is not None:
            pace_of_runtime.look(told, cycle, bound=self.runs.holds_nonce)

    def _look_aside(self, told: Told, cycle: Cycle) -> None:
        """Hold what is said of a server by one reference against its others that the run is about."""
        own = self._section.sealed.get(told.lasting.reference or "")
        for digest in self.runs.references if own is not None else ():
            pace = self._paces.get(digest)
            if own is None or pace is None or digest == own.digest:
                continue
            if pace.sealed.reference.server.name == own.reference.server.name:
                pace.look_aside(told, cycle)
