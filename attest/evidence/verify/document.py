"""Judge a file that is one document: a RuntimeReference, a receipt, build evidence; anything else fails."""

from __future__ import annotations

import msgspec

from attest.codec import instant
from attest.errors import MalformedError, UntrustedError
from attest.evidence.verdict import Counts, Kind, Status, Verdict
from attest.evidence.verify import build_link
from attest.evidence.verify.build_link import judge_artifacts, judge_assurance, judge_expected, judge_level, note_checks
from attest.evidence.verify.checks import CHECKS, applicable
from attest.evidence.verify.complete import judge_complete
from attest.evidence.verify.pace import Pace
from attest.evidence.verify.question import FUTURE_TOLERANCE_MILLISECONDS, Question
from attest.evidence.verify.references import Evidence, Sealed, open_sealed, read_again
from attest.evidence.verify.result import Seen, judge_asked, make_verdict
from attest.evidence.verify.sheet import Sheet
from attest.evidence.verify.told import TYPE_OF, Told, own_subject, read_told
from attest.provenance.model import Expectations, VerifiedEvidence
from attest.signing.dsse import open_envelope, read_envelope, read_foreign_envelope
from attest.statement.digests import Subject
from attest.statement.predicates import short_name
from attest.statement.predicates.runtime_event import RuntimeEvent
from attest.statement.predicates.runtime_measurement import RuntimeMeasurement
from attest.statement.predicates.runtime_reference import PREDICATE_TYPE
from attest.statement.statement import predicate_type_of
from attest.trust.role import Role

_HERE = "file"


def kind_of(octets: bytes) -> Kind:
    """Return what a document claims to be; nothing is verified by that."""
    try:
        claimed = predicate_type_of(read_envelope(octets, where=_HERE), where=_HERE)
    except MalformedError:
        claimed = ""
    if claimed == PREDICATE_TYPE:
        return Kind.RUNTIME_REFERENCE
    if claimed in TYPE_OF.values():
        return Kind.RECEIPT
    try:
        read_foreign_envelope(octets, where=_HERE)
    except MalformedError:
        return Kind.UNKNOWN
    return Kind.DSSE


def verify_document(octets: bytes, question: Question, file: str) -> Verdict:
    """Judge one document as the kind that it claims to be."""
    kind = kind_of(octets)
    sheet = Sheet(applicable(kind, None, question))
    judge_asked(kind, question, sheet)
    seen = Seen()
    try:
        seen = _JUDGES[kind](octets, question, sheet)
    except (MalformedError, UntrustedError) as error:
        sheet.fail_with("integrity.grammar", error)
    return make_verdict(file, kind, question, sheet, seen)


def verify_unreadable(error: MalformedError, question: Question, file: str) -> Verdict:
    """Return the verdict over a file that could not even be unpacked or split into lines."""
    sheet = Sheet(applicable(Kind.UNKNOWN, None, question))
    judge_asked(Kind.UNKNOWN, question, sheet)
    sheet.fail_with("integrity.grammar", error)
    return make_verdict(file, Kind.UNKNOWN, question, sheet, Seen())


def _judge_unknown(_octets: bytes, _question: Question, sheet: Sheet) -> Seen:
    sheet.fail(
        "integrity.grammar",
        "a file of unknown kind",
        expected="an evidence bundle, a RuntimeReference, a receipt, or build evidence in DSSE",
        found="none of them",
    )
    return Seen()


def _judge_reference(octets: bytes, question: Question, sheet: Sheet) -> Seen:
    sheet.settle("integrity.grammar")
    try:
        sealed = open_sealed(octets.removesuffix(b"\n"), question, _HERE)
    except (MalformedError, UntrustedError) as error:
        sheet.fail_with("authenticity.references", error)
        return Seen()
    sheet.settle("authenticity.references")
    Pace(sealed, question, sheet).judge_validity()
    if instant.parse(sealed.reference.sealed_at) > question.at + FUTURE_TOLERANCE_MILLISECONDS:
        sheet.fail("freshness.future", "sealed in the future", found=sealed.reference.sealed_at)
    sheet.settle("freshness.validity", "freshness.future")
    _judge_reference_build(sealed, question, sheet)
    _leave_unproven(sheet, "a RuntimeReference says nothing about runs")
    return Seen(expected=(sealed,))


def _judge_reference_build(sealed: Sealed, question: Question, sheet: Sheet) -> None:
    for digest in question.references:
        if digest != sealed.digest:
            sheet.fail("build-link.reference", "another reference", expected=digest, found=sealed.digest)
    judge_expected((sealed,), (), question, sheet)
    judge_artifacts(sealed, question, sheet)
    judge_assurance(sealed, question, sheet)
    judge_complete(sealed, (), question, sheet)
    sheet.note(
        "build-link.evidence",
        Status.ASSERTED,
        "the sealer verified it; the originals are not in this file",
    )
    if question.wants_level:
        judge_level(sealed.reference.evidence, question, sheet, _HERE)
    sheet.settle(*build_link.JUDGED)


def _judge_receipt(octets: bytes, question: Question, sheet: Sheet) -> Seen:
    envelope = read_envelope(octets, where=_HERE)
    event = short_name(predicate_type_of(envelope, where=_HERE))
    try:
        opened = open_envelope(envelope, question.trust.ring(Role.WRITER, question.at), where=_HERE)
    except (MalformedError, UntrustedError) as error:
        sheet.settle("integrity.grammar")
        sheet.fail_with("authenticity.receipts", error)
        return Seen()
    told = read_told(envelope, opened, event, _HERE)
    sheet.settle("integrity.grammar")
    header = told.header
    if all(key.keyid != header.writer for key in told.signers):
        sheet.fail("authenticity.receipts", "signed by another key than it names", expected=header.writer)
    sheet.note(
        "authenticity.receipts",
        Status.ASSERTED,
        "signed by a trusted writer; whether its RuntimeReference names that writer is not to be seen here",
    )
    sheet.settle("authenticity.receipts")
    _judge_said(told, question, sheet)
    for digest in question.references:
        if digest != header.reference:
            sheet.fail("build-link.reference", "about another reference", expected=digest, found=header.reference)
    if not question.references:
        sheet.unproven("build-link.reference", "nobody said which reference to expect", found=header.reference)
    sheet.settle("build-link.reference")
    _leave_unproven(sheet, "one receipt does not show it")
    return Seen(
        binding=header.binding,
        isolation=header.isolation,
        period=(told.time, told.time),
        subjects=told.subjects if isinstance(told.said, RuntimeMeasurement) else (),
        counts=Counts(
            entries=1,
            measurements=int(isinstance(told.said, RuntimeMeasurement)),
            violations=int(event == "runtime-violation"),
        ),
    )


def _judge_said(told: Told, question: Question, sheet: Sheet) -> None:
    said, header, minima = told.said, told.header, question.trust.minima
    if not isinstance(said, RuntimeMeasurement):
        sheet.fail("conformance.measured", "not a measurement")
        if told.subjects != own_subject(said):
            sheet.fail("integrity.subject", "the receipt is about something else than it says")
    if not isinstance(said, RuntimeMeasurement | RuntimeEvent):
        sheet.fail("conformance.matched", f"a violation: {said.findings.state}")
    for check, least, found in (
        ("conformance.binding", minima.binding, header.binding),
        ("conformance.isolation", minima.isolation, header.isolation),
    ):
        if least is not None and list(type(found)).index(found) > list(type(found)).index(least):
            sheet.fail(check, "less than the trust file demands", expected=least, found=found)
    begun = told.time if told.measured is None else instant.parse(told.measured.started_at)
    if question.at - begun > question.max_evidence_age:
        sheet.fail("freshness.age", "too old", found=instant.text(begun))
    newest = told.time if told.measured is None else max(told.time, begun, instant.parse(told.measured.finished_at))
    if newest > question.at + FUTURE_TOLERANCE_MILLISECONDS:
        sheet.fail("freshness.future", "from the future", found=instant.text(newest))
    if isinstance(said, RuntimeMeasurement):
        sheet.note("integrity.subject", Status.ASSERTED, "the writer says so; the RuntimeReference is not in this file")
    sheet.settle(
        "integrity.subject",
        "freshness.age",
        "freshness.future",
        "conformance.measured",
        "conformance.matched",
        "conformance.binding",
        "conformance.isolation",
    )


def _judge_evidence(octets: bytes, question: Question, sheet: Sheet) -> Seen:
    found = read_again(octets, question, _HERE)
    if isinstance(found, MalformedError):
        raise found
    sheet.settle("integrity.grammar")
    if not isinstance(found, VerifiedEvidence) or not found.authenticated:
        _judge_untrusted(octets, found, question, sheet)
        return Seen()
    sheet.settle("authenticity.evidence", detail=f"signed by builder {found.builder}")
    note_checks(found, _HERE, sheet)
    for digest in question.artifacts:
        if not any(subject.digest.matches(digest) for subject in found.subjects):
            wanted = ", ".join(f"{name}:{value}" for name, value in digest.items())
            sheet.fail("build-link.artifact", "not a subject of this evidence", expected=wanted)
    if not question.artifacts:
        sheet.unproven("build-link.artifact", "nobody said which artifact to expect")
    if question.wants_level:
        judge_level([found], question, sheet, _HERE)
    sheet.settle("build-link.evidence", "build-link.artifact", "build-link.level")
    _leave_unproven(sheet, "build evidence says nothing about it")
    return Seen(subjects=tuple(Subject(digest=each.digest, name=each.name) for each in found.subjects))


def _judge_untrusted(octets: bytes, found: Evidence, question: Question, sheet: Sheet) -> None:
    """Tell evidence that nobody trusted signed from evidence that says something else than was demanded."""
    anybody = read_again(octets, msgspec.structs.replace(question, expectations=Expectations()), _HERE)
    if isinstance(found, UntrustedError) and isinstance(anybody, VerifiedEvidence) and anybody.authenticated:
        sheet.settle("authenticity.evidence", detail=f"signed by builder {anybody.builder}")
        sheet.fail_with("build-link.level", found)
    elif isinstance(found, UntrustedError):
        sheet.fail_with("authenticity.evidence", found)
    else:
        sheet.fail("authenticity.evidence", "nobody signed it")


def _leave_unproven(sheet: Sheet, reason: str) -> None:
    """Say of every check that the caller asked for, and that this kind of file cannot answer, that it is unproven."""
    for check in CHECKS:
        if check in sheet and not sheet.reached(check):
            sheet.unproven(check, reason)
            sheet.settle(check)


_JUDGES = {
    Kind.UNKNOWN: _judge_unknown,
    Kind.RUNTIME_REFERENCE: _judge_reference,
    Kind.RECEIPT: _judge_receipt,
    Kind.DSSE: _judge_evidence,
}
