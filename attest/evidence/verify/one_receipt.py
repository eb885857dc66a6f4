"""Judge a file that is one receipt: it shows that something was said, and nothing about a run."""

from __future__ import annotations

from attest.codec import instant
from attest.errors import MalformedError, UntrustedError
from attest.evidence.verdict import Counts, Status
from attest.evidence.verify import revoked
from attest.evidence.verify.leftover import leave_unproven
from attest.evidence.verify.question import FUTURE_TOLERANCE_MILLISECONDS, Question
from attest.evidence.verify.result import Seen
from attest.evidence.verify.revoked import WRITER, fail_void, void_from, void_writer
from attest.evidence.verify.sheet import Sheet
from attest.evidence.verify.told import Lasting, Told, own_subject, read_told
from attest.signing.dsse import Envelope, open_envelope, read_envelope
from attest.signing.keyring import KeyRing
from attest.statement.levels import OF_A_PROCESS, Binding
from attest.statement.predicates import short_name
from attest.statement.predicates.tool_denial import ToolDenial
from attest.statement.predicates.tool_permit import ToolPermit
from attest.statement.statement import predicate_type_of
from attest.trust.role import Role

_HERE = "file"


def judge_receipt(octets: bytes, question: Question, sheet: Sheet) -> Seen:
    """Judge a receipt: signed by a writer, young enough, a match; raise what is wrong with its form."""
    envelope = read_envelope(octets, where=_HERE)
    told = open_receipt(envelope, question.trust.ring(Role.WRITER, question.at), sheet)
    return Seen() if told is None else judge_told(told, question, sheet)


def open_receipt(envelope: Envelope, ring: KeyRing, sheet: Sheet) -> Told | None:
    """Judge who signed a receipt; return what it says, None if that is nobody of `ring`. Raises `MalformedError`."""
    event = short_name(predicate_type_of(envelope, where=_HERE))
    try:
        opened = open_envelope(envelope, ring, where=_HERE)
    except (MalformedError, UntrustedError) as error:
        sheet.settle("integrity.grammar")
        sheet.fail_with("authenticity.receipts", error)
        return None
    told = read_told(envelope, opened, event, _HERE)
    sheet.settle("integrity.grammar")
    if all(key.keyid != told.lasting.writer for key in told.signers):
        sheet.fail("authenticity.receipts", "signed by another key than it names", expected=told.lasting.writer)
    sheet.note(
        "authenticity.receipts",
        Status.ASSERTED,
        "signed by a trusted writer; whether its RuntimeReference names that writer is not to be seen here",
    )
    sheet.settle("authenticity.receipts")
    return told


def judge_told(told: Told, question: Question, sheet: Sheet) -> Seen:
    """Judge what a writer said; whatever was asked for and not judged by now stays unproven."""
    lasting = told.lasting
    _judge_said(told, question, sheet)
    for digest in question.references:
        if digest != lasting.reference:
            sheet.fail("build-link.reference", "about another reference", expected=digest, found=lasting.reference)
    if not question.references:
        sheet.unproven("build-link.reference", "nobody said which reference to expect", found=lasting.reference)
    sheet.settle("build-link.reference")
    leave_unproven(sheet, "one receipt does not show it")
    return Seen(
        binding=lasting.binding,
        isolation=lasting.isolation,
        period=(told.time, told.time),
        subjects=lasting.subjects if lasting.is_measurement else (),
        counts=Counts(
            entries=1,
            measurements=int(lasting.is_measurement),
            cycles=_cycles(lasting),
            violations=int(lasting.findings is not None),
            permits=int(isinstance(lasting.call, ToolPermit) and lasting.call.permit is not None),
            denials=int(isinstance(lasting.call, ToolDenial)),
        ),
    )


def _cycles(lasting: Lasting) -> int:
    window = lasting.window
    return int(lasting.is_measurement) if window is None else window.last - window.first + 1


def _judge_said(told: Told, question: Question, sheet: Sheet) -> None:
    lasting, cycle, minima = told.lasting, told.cycle, question.trust.minima
    if lasting.is_measurement:
        _judge_shown(lasting, sheet)
    else:
        sheet.fail("conformance.measured", "not a measurement")
        if lasting.subjects != own_subject(lasting):
            sheet.fail("integrity.subject", "the receipt is about something else than it says")
    if lasting.findings is not None:
        sheet.fail("conformance.matched", f"a violation: {lasting.findings.state}")
    for check, least, found in (
        ("conformance.binding", minima.binding, lasting.binding),
        ("conformance.isolation", minima.isolation, lasting.isolation),
    ):
        if least is not None and list(type(found)).index(found) > list(type(found)).index(least):
            sheet.fail(check, "less than the trust file demands", expected=least, found=found)
    begun = told.time if cycle is None else cycle.started
    if question.at - begun > question.max_evidence_age:
        sheet.fail("freshness.age", "too old", found=instant.text(begun))
    newest = told.time if cycle is None else max(told.time, begun, cycle.finished)
    if newest > question.at + FUTURE_TOLERANCE_MILLISECONDS:
        sheet.fail("freshness.future", "from the future", found=instant.text(newest))
    _judge_revoked(told, begun, question, sheet)
    if lasting.is_about_server:
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


def _judge_shown(lasting: Lasting, sheet: Sheet) -> None:
    """Judge whether a measurement shows what its binding says that it is about."""
    if lasting.process is None and lasting.binding in OF_A_PROCESS:
        sheet.fail("conformance.binding", "shows no process", expected=lasting.binding, found="none")
    if (lasting.upstream is None) == (lasting.binding is Binding.REMOTE):
        expected = "an upstream with the binding remote, and with no other"
        sheet.fail("conformance.binding", "shows another server than it is about", expected=expected)


def _judge_revoked(told: Told, begun: int, question: Question, sheet: Sheet) -> None:
    """Judge writer and reference of the receipt; which keys signed the reference is not to be seen here."""
    revocations = question.revocations
    if revocations is None:
        return
    void = void_writer(question, told.lasting.writer)
    if told.time >= void.since:
        fail_void(sheet, WRITER, void, found=told.real_time)
    void = void_from(revocations.of_reference(told.lasting.reference or "", ()))
    if begun >= void.since:
        fail_void(sheet, "the reference", void, found=instant.text(begun))
    sheet.note(revoked.CHECK, Status.ASSERTED, "by whom the RuntimeReference was signed is not to be seen here")
    sheet.settle(revoked.CHECK)
