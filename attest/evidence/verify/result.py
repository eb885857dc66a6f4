"""From a filled sheet to a verdict."""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from attest.codec import instant
from attest.errors import UntrustedError
from attest.evidence.grammar import Tier
from attest.evidence.verdict import (
    AssuranceShares,
    Attested,
    CheckResult,
    Counts,
    End,
    Kind,
    PathKind,
    Start,
    Status,
    TrustDigest,
    UsedRuntime,
    Verdict,
)
from attest.evidence.verify.gathered import Gathered
from attest.evidence.verify.question import Question
from attest.evidence.verify.references import Sealed
from attest.evidence.verify.revoked import judge_age
from attest.evidence.verify.sheet import Sheet, axes_of
from attest.statement.digests import Subject
from attest.statement.levels import Binding, Isolation
from attest.statement.predicates.runtime_reference import Assurance
from attest.trust.trust import check_current
from attest.version import VERSION

VERIFIER: Final = f"mcp-attest {VERSION}"
_FAILING: Final = frozenset({Status.FAIL, Status.UNPROVEN})


def judge_asked(kind: Kind, question: Question, sheet: Sheet) -> None:
    """Judge what does not depend on the file's content: trust file, age of the revocations, demanded kind."""
    try:
        check_current(question.trust, question.at)
    except UntrustedError as error:
        sheet.fail_with("authenticity.trust", error)
    sheet.settle("authenticity.trust", detail=f"trust file {question.trust.digest[:16]} is current")
    judge_age(question, sheet)
    if question.kind is not None and question.kind != kind:
        sheet.fail("conformance.kind", "a file of another kind", expected=question.kind, found=kind)
    sheet.settle("conformance.kind", detail=f"{kind}, as demanded")


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What was found in a file beside its checks; what does not apply to its kind is left out. Times are in ms."""

    expected: Sequence[Sealed] = ()
    tier: Tier | None = None
    binding: Binding | None = None
    isolation: Isolation | None = None
    pinned: int | None = None
    anchored: str | None = None
    start: Start | None = None
    end: End | None = None
    period: tuple[int, int] | None = None
    uncovered: int | None = None
    path: PathKind | None = None
    counts: Counts | None = None
    subjects: tuple[Subject, ...] = ()
    runtimes: Sequence[Sealed] = ()
    attestations: tuple[Attested, ...] = ()
    gathered: Gathered = Gathered()
    """What no check asked for, and a gate policy may."""


def make_verdict(file: str, kind: Kind, question: Question, sheet: Sheet, seen: Seen) -> Verdict:
    """Put the verdict together: PASSED only if no check failed or stayed unproven."""
    checks = sheet.results()
    sealed_subjects = [subject for each in seen.expected for subject in each.subjects]
    period, uncovered = seen.period, seen.uncovered
    return Verdict(
        # A name need not be UTF-8, and Python holds it as lone surrogates; a verdict is UTF-8.
        file=file.encode("utf-8", "backslashreplace").decode(),
        kind=kind,
        tier=seen.tier,
        verdict="PASSED" if is_passed(checks) else "FAILED",
        at=instant.text(question.at),
        assurance=_shares([each.reference.assurance for each in seen.expected]),
        binding=seen.binding,
        isolation=seen.isolation,
        path=seen.path,
        enforcement=_enforcement(seen.expected),
        pinned=seen.pinned,
        anchored=seen.anchored,
        axes=axes_of(checks),
        start=seen.start,
        end=seen.end,
        period=None if period is None else (instant.text(period[0]), instant.text(period[1])),
        uncovered_seconds=None if uncovered is None else -(-uncovered // 1000),
        checks=checks,
        subjects=tuple(dict.fromkeys([*sealed_subjects, *seen.subjects])),
        trust=TrustDigest(sha256=question.trust.digest),
        verifier=VERIFIER,
        counts=seen.counts,
        runtimes=tuple(_used(each) for each in seen.runtimes),
        attestations=seen.attestations,
    )


def is_passed(checks: Iterable[CheckResult]) -> bool:
    """Return whether no check failed or stayed unproven."""
    return not any(check.status in _FAILING for check in checks)


def _used(runtime: Sealed) -> UsedRuntime:
    reference = runtime.reference
    return UsedRuntime(
        name=reference.server.name,
        version=reference.server.version,
        digest=runtime.digest,
        sequence=reference.validity.sequence,
        assurance=_shares([reference.assurance]),
    )


def _shares(assurances: Sequence[Assurance]) -> AssuranceShares | None:
    """Return the shares of files by origin over all references, rounded to four digits; None without any file."""
    sums = {name: sum(getattr(each, name).files for each in assurances) for name in AssuranceShares.__struct_fields__}
    total = sum(sums.values())
    if not total:
        return None
    return AssuranceShares(**{name: round(files / total, 4) for name, files in sums.items()})


def _enforcement(expected: Sequence[Sealed]) -> str | None:
    if not expected:
        return None
    audit_only = any(each.reference.enforcement.audit_only for each in expected)
    return "audit-only" if audit_only else "enforcing"
