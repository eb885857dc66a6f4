"""Judge an evidence bundle, line after line, in memory that does not grow with it.

1. Header: the demanded tier. Certified writers (`writers`).
2. Build evidence and references: verified again; which references are expected (`references`).
3. Each log: chain, receipts, runs, checkpoint (`log`), each expected reference's pace (`pace`).
4. The end line; then everything that can only be judged at the end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from itertools import chain as joined
from typing import TYPE_CHECKING, TypeVar, final

from attest.errors import MalformedError, UntrustedError
from attest.evidence.grammar import (
    TIER_RANK,
    AnchorLine,
    BuildEvidenceLine,
    BundleEnd,
    BundleHeader,
    CertifiedWriterLine,
    CheckpointLine,
    DisclosureLine,
    LogLine,
    ReferenceLine,
    Tier,
)
from attest.evidence.verdict import Counts, End, Kind, Start
from attest.evidence.verify import chain, log
from attest.evidence.verify.attested import attested_in
from attest.evidence.verify.chain import Chain
from attest.evidence.verify.checks import applicable
from attest.evidence.verify.checks_of_calls import DISCLOSURES
from attest.evidence.verify.closing import (
    SubjectMatter,
    close_receipts,
    close_structural,
    subject_matter,
    without_parents,
)
from attest.evidence.verify.entries import EntryParts
from attest.evidence.verify.gathered import Judged
from attest.evidence.verify.gathering import Good, gather
from attest.evidence.verify.lines import Line, Lines
from attest.evidence.verify.log import LogJudge
from attest.evidence.verify.noted import named_in
from attest.evidence.verify.opening import Opened, Spread, open_receipts
from attest.evidence.verify.parts import Parts
from attest.evidence.verify.question import Question
from attest.evidence.verify.references import Section
from attest.evidence.verify.result import Seen, judge_asked, make_verdict
from attest.evidence.verify.sheet import Sheet
from attest.evidence.verify.told import TYPE_OF
from attest.statement.levels import BINDING_RANK, ISOLATION_RANK

if TYPE_CHECKING:
    from attest.evidence.verify.anchored import Anchored


def verify_bundle(lines: Iterable[bytes], question: Question, file: str, spread: Spread, parts: Parts) -> Judged:
    """Judge the lines of an evidence bundle; `spread` is `map`, or that of a pool of threads for the signatures.

    Its logs go on where those in `parts` ended, and are left there in their turn.
    """
    judge = _BundleJudge(question, parts)
    source = Lines(lines)
    judge_asked(Kind.EVIDENCE_BUNDLE, question, judge.sheet)
    try:
        rest = judge.begin(iter(source))
        for line, opened in open_receipts(rest, judge.section.writers.ring, spread):
            judge.take(line, opened)
    except (MalformedError, UntrustedError) as error:
        # What was not settled until now stays "not reached".
        judge.sheet.fail_with("integrity.grammar", error)
    else:
        judge.close(source.closing)
    return judge.judged(file)


@final
class _BundleJudge:
    def __init__(self, question: Question, parts: Parts) -> None:
        self._parts = parts
        self.sheet = Sheet(applicable(Kind.EVIDENCE_BUNDLE, None, question))
        self._question = question
        self._header: BundleHeader | None = None
        self._structural = True
        """Whether the tier holds entries without receipts; no header, no receipts."""
        self.section = Section(question, self.sheet)
        self._subject: SubjectMatter | None = None
        self._logs: list[LogJudge] = []
        self._events: Counter[str] = Counter()
        self._end_line: BundleEnd | None = None
        self._disclosures = 0
        self._anchored: Anchored | None = None
        self._good: Good = {}

    def begin(self, lines: Iterator[Line]) -> Iterator[Line]:
        """Take the header and the certified writers behind it, whose keys open what follows; return what does."""
        for line in lines:
            if not isinstance(line.record, BundleHeader | CertifiedWriterLine):
                return joined((line,), lines)
            self.take(line, None)
        return lines

    def take(self, line: Line, opened: Opened) -> None:
        """Take one line; the grammar has checked that its kind may stand here."""
        record = line.record
        if isinstance(record, EntryParts):
            self._take_entry(line.where, record, opened)
        elif isinstance(record, BundleHeader):
            self._take_header(record, line.where)
        elif isinstance(record, CertifiedWriterLine):
            self.section.writers.take(record, line.where)
        elif isinstance(record, BuildEvidenceLine | ReferenceLine):
            self._take_document(record, line.where)
        elif isinstance(record, LogLine):
            self._take_log(record, line.where)
        elif isinstance(record, DisclosureLine):
            self._take_disclosure(record, line.where)
        elif isinstance(record, CheckpointLine):
            self._logs[-1].finish(line, record)
        elif isinstance(record, AnchorLine):
            self._take_anchor(record, line.where)
        elif isinstance(record, BundleEnd):
            self._end_line = record

    def close(self, closing: BundleEnd | None) -> None:
        """Judge the end of the file, and all that had to wait for it."""
        if closing is None or self._end_line is None or self._header is None or self._subject is None:
            self.sheet.fail("integrity.end-line", "the last line is missing: the file was cut")
            return
        if closing != self._end_line:
            self.sheet.fail(
                "integrity.end-line",
                "the last line does not fit the lines before it",
                expected=f"{closing.lines} lines, sha256 {closing.sha256}",
                found=f"{self._end_line.lines} lines, sha256 {self._end_line.sha256}",
            )
        if len(self._logs) != len(self._header.logs):
            self._refuse_logs(f"{len(self._logs)}")
        for pin in self._question.checkpoints:
            if pin.origin not in self._header.logs:
                self.sheet.fail("completeness.pinned", "the pinned log is not here", expected=pin.origin)
        if self._disclosures != (self._header.opened or 0):
            expected, found = self._header.opened or 0, self._disclosures
            self.sheet.fail(DISCLOSURES, "disclosures are missing, or too many", expected=expected, found=found)
        self.sheet.settle("integrity.grammar", "integrity.end-line", "conformance.tier", DISCLOSURES)
        self.sheet.settle(*chain.JUDGED, *log.JUDGED)
        self.section.writers.close()
        if self._anchored is not None:
            self._anchored.close()
        if self._structural:
            close_structural(self._logs, self._events, self._question, self.sheet)
        else:
            self._subject = without_parents(self._subject, self._logs, self.section, self._question)
            self._good = close_receipts(self._logs, self.section, self._subject, self._question, self.sheet)
            self._subject.calling.close()

    def judged(self, file: str) -> Judged:
        """Return the verdict over what was taken, and what was seen."""
        paces = self._subject.paces.values() if self._subject is not None else ()
        bindings = [pace.binding for pace in paces if pace.binding is not None]
        isolations = [pace.isolation for pace in paces if pace.isolation is not None]
        firsts = [each.chain.first_time for each in self._logs if each.chain.first_time is not None]
        lasts = [each.chain.previous_time for each in self._logs if each.chain.first_time is not None]
        times = [*firsts, *(last for last in lasts if last is not None)]
        ended = self._end_line is not None
        structural = self._header is not None and self._structural
        calls = self._subject.calling.counts() if self._subject is not None else None
        expected = self._subject.expected if self._subject is not None else ()
        seen = Seen(
            expected=expected,
            attestations=attested_in(self.section.evidence, self.section.places, expected),
            runtimes=tuple(self._subject.runtimes.used.values()) if self._subject is not None else (),
            tier=self._header.tier if self._header is not None else None,
            binding=min(bindings, key=BINDING_RANK.__getitem__, default=None),
            isolation=min(isolations, key=ISOLATION_RANK.__getitem__, default=None),
            pinned=max((size for each in self._logs for size in each.chain.proven_pins), default=None),
            anchored=self._anchored.at(len(self._logs)) if self._anchored is not None and ended else None,
            start=_worst(Start, [each.chain.start for each in self._logs] if ended else []),
            end=_worst(End, [each.end for each in self._logs] if ended else []),
            period=(min(times), max(times)) if times else None,
            path=self._subject.calling.path() if self._subject is not None else None,
            uncovered=sum(each.runs.uncovered for each in self._logs),
            counts=Counts(
                entries=sum(self._events.values()),
                measurements=self._events["runtime-measurement"],
                cycles=None if structural else sum(each.windows.cycles for each in self._logs),
                violations=self._events["runtime-violation"],
                permits=None if structural and self._events["tool-permit"] else calls.permitted if calls else 0,
                denials=self._events["tool-denial"],
                calls=calls,
            ),
        )
        verdict = make_verdict(file, Kind.EVIDENCE_BUNDLE, self._question, self.sheet, seen)
        self._parts.leave(verdict.axes, [each.ending for each in self._logs if each.ending is not None])
        return Judged(verdict=verdict, gathered=gather(self._logs, self._subject, self._good))

    def _take_header(self, record: BundleHeader, where: str) -> None:
        if list(record.logs) != sorted(set(record.logs)):
            raise MalformedError(where, "logs sorted by origin, each once", "another order")
        self._header = record
        self._structural = record.tier is Tier.STRUCTURAL
        self.sheet.narrow(applicable(Kind.EVIDENCE_BUNDLE, record.tier, self._question))
        if TIER_RANK[record.tier] < TIER_RANK[self._question.tier]:
            self.sheet.fail(
                "conformance.tier",
                "the bundle holds less than demanded",
                where=where,
                expected=self._question.tier,
                found=record.tier,
            )

    def _take_document(self, record: BuildEvidenceLine | ReferenceLine, where: str) -> None:
        if self._structural:
            raise MalformedError(where, "entries and checkpoints alone, at the structural tier", "a document")
        if isinstance(record, BuildEvidenceLine):
            self.section.take_evidence(record, where)
        else:
            self.section.take_reference(record, where)

    def _take_log(self, record: LogLine, where: str) -> None:
        origins = self._header.logs if self._header is not None else ()
        if len(self._logs) >= len(origins) or record.origin != origins[len(self._logs)]:
            raise MalformedError(where, "the logs of the header, in its order", record.origin)
        if self._subject is None:
            several = len(origins) > 1
            self.section.end_references()
            self._subject = subject_matter(self.section, self._question, self.sheet, several_logs=several)
        judge = LogJudge(
            Chain(record, self._question.checkpoints, self.sheet, where, self._parts),
            question=self._question,
            sheet=self.sheet,
            section=self.section,
            paces=self._subject.paces,
            runtimes=self._subject.runtimes,
            calling=self._subject.calling,
        )
        self._logs.append(judge)

    def _take_entry(self, where: str, record: EntryParts, opened: Opened) -> None:
        if self._structural == (record.envelope is not None):
            raise MalformedError(where, "receipts exactly where the tier has them", "otherwise")
        log = self._logs[-1]
        event = log.pass_over(where, record) if self._structural else log.take(where, record, opened)
        self._events[event if event in TYPE_OF else ""] += 1

    def _take_disclosure(self, record: DisclosureLine, where: str) -> None:
        if self._header is None or self._header.tier is not Tier.FULL:
            raise MalformedError(where, "disclosures at tier full alone", "one")
        self._disclosures += 1
        self._logs[-1].calls.disclose(record, where)

    def _take_anchor(self, record: AnchorLine, where: str) -> None:
        if self._anchored is None:
            # Its own import: few logs are anchored.
            from attest.evidence.verify.anchored import Anchored

            self._anchored = Anchored(self._question, self.sheet)
        log = self._logs[-1]
        self._anchored.take(record, log.chain.head, named_in(self.section.writers.ring, log.writer), where)

    def _refuse_logs(self, found: str) -> None:
        expected = f"{len(self._header.logs)} logs" if self._header is not None else "a header"
        self.sheet.fail("integrity.grammar", "logs of the header are missing", expected=expected, found=found)


E = TypeVar("E", bound=StrEnum)


def _worst(order: type[E], each: Sequence[E]) -> E:
    """Return the value that stands last in its enumeration; the last of all if there is none."""
    ranks = list(order)
    return max(each, key=ranks.index, default=ranks[-1])
