"""What can only be judged at the end of a bundle, with its receipts or without."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from attest.evidence.verdict import Status
from attest.evidence.verify import build_link, composed, pace, revoked
from attest.evidence.verify.build_link import judge_build_link, judge_expected, judge_runtime_link
from attest.evidence.verify.calling import Calling
from attest.evidence.verify.composed import Runtimes
from attest.evidence.verify.log import LogJudge
from attest.evidence.verify.pace import Pace
from attest.evidence.verify.question import Question
from attest.evidence.verify.references import Sealed, Section, expected_references
from attest.evidence.verify.sheet import STRUCTURAL_ONLY, Sheet
from attest.provenance.model import VerifiedEvidence

_ASSERTED: Final = (
    revoked.CHECK,
    "completeness.runs",
    "completeness.windows",
    "freshness.age",
    "freshness.cadence",
    "freshness.validity",
    "build-link.reference",
    "build-link.artifact",
    "build-link.evidence",
    "build-link.assurance",
    "build-link.complete",
    "build-link.level",
    "conformance.measured",
    "conformance.matched",
    "conformance.binding",
    "conformance.isolation",
    "conformance.actions",
)
"""What a structural bundle leaves to somebody's word."""

_BOUND: Final = ("freshness.nonce", "conformance.context")


class SubjectMatter(msgspec.Struct, frozen=True, kw_only=True):
    """What the verdict is about: the expected references, those missing, and what was seen of each."""

    expected: tuple[Sealed, ...]
    missing: tuple[str, ...]
    paces: Mapping[str, Pace]
    runtimes: Runtimes
    """The runtimes that the expected ones were measured with."""
    calling: Calling


def subject_matter(section: Section, question: Question, sheet: Sheet, *, several_logs: bool) -> SubjectMatter:
    """Settle what the verdict is about, once all references were read."""
    expected, missing = expected_references(section.sealed, question)
    paces = {each.digest: Pace(each, question, sheet) for each in expected}
    runtimes = Runtimes(section.sealed.get, section.writers, question, sheet)
    calling = Calling(paces, sheet, several=several_logs)
    return SubjectMatter(expected=expected, missing=missing, paces=paces, runtimes=runtimes, calling=calling)


def without_parents(
    subject: SubjectMatter, logs: Iterable[LogJudge], section: Section, question: Question
) -> SubjectMatter:
    """Leave out what nobody expects by name and no receipt is about: parents, here for their sub-mandates alone."""
    named = {digest for log in logs for digest in log.named}
    alone = section.parents_of(named).difference(named, question.references)
    return msgspec.structs.replace(
        subject,
        expected=tuple(each for each in subject.expected if each.digest not in alone),
        paces={digest: pace for digest, pace in subject.paces.items() if digest not in alone},
    )


def close_receipts(
    logs: Sequence[LogJudge],
    section: Section,
    subject: SubjectMatter,
    question: Question,
    sheet: Sheet,
) -> Mapping[str, Sequence[VerifiedEvidence]]:
    """Judge references, build link, pace, nonce and context of a bundle that was read to its end.

    Returns the build evidence that holds, by the digest of the expected reference.
    """
    good: dict[str, Sequence[VerifiedEvidence]] = {}
    section.finish({digest for log in logs for digest in log.named})
    sheet.settle("authenticity.references", "authenticity.sub-mandate")
    judge_expected(subject.expected, subject.missing, question, sheet)
    for each in subject.expected:
        good[each.digest] = judge_build_link(each, section.evidence, question, sheet)
        subject.paces[each.digest].finish()
    for each in subject.runtimes.used.values():
        judge_runtime_link(each, section.evidence, question, sheet)
    for each in subject.runtimes.newest():
        Pace(each, question, sheet).judge_validity()
    if subject.expected:
        sheet.settle(*build_link.JUDGED, *pace.JUDGED)
    else:
        # That is the one trouble: what else there is to judge is judged of an expected reference, and not reached.
        sheet.fail("build-link.reference", "no expected reference is here")
    sheet.settle(revoked.CHECK)
    demanded = any(each.reference.runtime is not None for each in subject.expected)
    sheet.settle(composed.CHECK, detail=None if demanded else "no expected reference names a runtime")
    _judge_bound([log for log in logs if not log.named.isdisjoint(subject.paces)], question, sheet)
    return good


def close_structural(logs: Iterable[LogJudge], events: Mapping[str, int], question: Question, sheet: Sheet) -> None:
    """Say of everything that a structural bundle cannot show that it is asserted; what it does show is judged."""
    newest = max((log.newest_measured for log in logs if log.newest_measured is not None), default=None)
    if newest is None:
        sheet.fail("conformance.measured", "no measurement")
        sheet.fail("freshness.age", "no measurement")
    elif question.at - newest > question.max_evidence_age:
        sheet.fail("freshness.age", "the newest measurement is too old")
    if events["runtime-violation"]:
        sheet.fail("conformance.matched", "there are violations", found=events["runtime-violation"])
    minima = question.trust.minima
    demanded = {
        revoked.CHECK: minima.revocation_age_seconds and "receipts, to see which references they are about",
        "build-link.assurance": minima.assurance,
        "build-link.complete": " and ".join(question.trust.seal_rules.demands) or None,
        "conformance.binding": minima.binding,
        "conformance.isolation": minima.isolation,
    }
    for check in _ASSERTED:
        if check in sheet:
            status = Status.ASSERTED if demanded.get(check) is None else Status.UNPROVEN
            sheet.note(check, status, STRUCTURAL_ONLY, expected=demanded.get(check))
    for check in _BOUND:
        if check in sheet:
            sheet.unproven(check, STRUCTURAL_ONLY)
    sheet.settle(*_ASSERTED, *_BOUND)


def _judge_bound(logs: Sequence[LogJudge], question: Question, sheet: Sheet) -> None:
    for log in logs:
        opening = log.runs.opening
        if question.nonce is not None and not log.runs.holds_nonce:
            sheet.fail(
                "freshness.nonce",
                "the newest run was not started with this nonce",
                where=log.chain.origin,
                expected=question.nonce,
                found=opening.verifier_nonce if opening is not None else "its start is not here",
            )
        recorded = {each.name: each.value for each in opening.context} if opening is not None else {}
        for name, value in question.context:
            if (found := recorded.get(name)) != value:
                sheet.fail(
                    "conformance.context",
                    "the newest run was not started with this context",
                    where=log.chain.origin,
                    expected=f"{name}={value}",
                    found="nothing of that name" if found is None else f"{name}={found}",
                )
    if not logs:
        for check in _BOUND:
            if check in sheet:
                sheet.fail(check, "no run is about an expected reference")
    sheet.settle(*_BOUND)
