"""Judge a file that is one RuntimeReference."""

from __future__ import annotations

from attest.codec import instant, strict
from attest.errors import MalformedError, UntrustedError
from attest.evidence.verdict import Status
from attest.evidence.verify import build_link, revoked
from attest.evidence.verify.build_link import judge_artifacts, judge_assurance, judge_expected, judge_level
from attest.evidence.verify.complete import judge_complete
from attest.evidence.verify.gathered import Gathered, Measured
from attest.evidence.verify.leftover import leave_unproven
from attest.evidence.verify.pace import Pace
from attest.evidence.verify.question import FUTURE_TOLERANCE_MILLISECONDS, Question
from attest.evidence.verify.references import Sealed, sealed_of
from attest.evidence.verify.result import Seen
from attest.evidence.verify.sheet import Sheet
from attest.signing.dsse import read_envelope
from attest.statement.parents import MAX_PARENTS, claimed_parent
from attest.trust.references import open_with_parents

_HERE = "file"


def judge_reference(octets: bytes, question: Question, sheet: Sheet) -> Seen:
    """Judge a reference: signed by a sealer, valid now, about what is expected; its evidence is not in the file.

    What follows in further lines are the parents of a sub-mandate. Raises `MalformedError` for another form than ours.
    """
    whole = octets.removesuffix(b"\n")
    reference, *parents = [whole] if _is_one_value(whole) else whole.split(b"\n", MAX_PARENTS)
    envelope = read_envelope(reference, where=_HERE)
    sheet.settle("integrity.grammar")
    try:
        if parents or claimed_parent(envelope, where=_HERE) is not None:
            sheet.lay("authenticity.sub-mandate")
        opened = open_with_parents(reference, parents, question.trust, at=question.at, where=_HERE)
    except (MalformedError, UntrustedError) as error:
        sheet.fail_with(error.check or "authenticity.references", error)
        return Seen()
    sealed = sealed_of(opened, question, _HERE)
    sheet.settle("authenticity.references", "authenticity.sub-mandate")
    Pace(sealed, question, sheet).judge_validity()
    if instant.parse(sealed.reference.sealed_at) > question.at + FUTURE_TOLERANCE_MILLISECONDS:
        sheet.fail("freshness.future", "sealed in the future", found=sealed.reference.sealed_at)
    sheet.settle("freshness.validity", "freshness.future", revoked.CHECK)
    _judge_reference_build(sealed, question, sheet)
    leave_unproven(sheet, "a RuntimeReference says nothing about runs")
    return Seen(expected=(sealed,), gathered=Gathered(measured=(Measured(sealed=sealed),)))


def _is_one_value(octets: bytes) -> bool:
    """Return whether this is one JSON value, on however many lines: then no line of it is a parent."""
    try:
        strict.parse(octets, where=_HERE)
    except MalformedError:
        return False
    return True


def _judge_reference_build(sealed: Sealed, question: Question, sheet: Sheet) -> None:
    for digest in question.references:
        if digest != sealed.digest:
            sheet.fail("build-link.reference", "another reference", expected=digest, found=sealed.digest)
    judge_expected((sealed,), (), question, sheet)
    judge_artifacts(sealed, question, sheet)
    judge_assurance(sealed, question, sheet)
    judge_complete(sealed, (), question, sheet)
    if not sealed.reference.is_remote:
        detail = "the sealer verified it; the originals are not in this file"
        sheet.note("build-link.evidence", Status.ASSERTED, detail)
    if question.wants_level:
        judge_level(sealed.reference.evidence, question, sheet, _HERE)
    for name, value in question.expectations.demands_originals:
        sheet.unproven("build-link.level", f"the original build evidence has to show it: {name}", expected=value)
    sheet.settle(*build_link.JUDGED)
