"""From a RuntimeReference back to the build: its artifacts, its evidence verified again, its assurance.

1. The reference is one that is expected.
2. It names the expected artifacts, and evidence says they were built or listed.
3. Every piece of evidence that it names is here, verifies against the trust file, and says what was sealed.
4. Every artifact's origin follows from that evidence, and no evidence contradicts provenance.
5. Its weakest file is known well enough for the trust file, and its seal rules are kept (`complete`).
6. Evidence names the demanded builder, source and level.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from attest.evidence.verdict import Status
from attest.evidence.verify.complete import judge_complete
from attest.evidence.verify.elsewhere import judge_untied
from attest.evidence.verify.question import Question
from attest.evidence.verify.references import Evidence, Sealed, artifacts_in
from attest.evidence.verify.sheet import Sheet
from attest.provenance.author import names_builder
from attest.provenance.contradictions import CHECK as CONTRADICTION
from attest.provenance.contradictions import Built, find_contradictions
from attest.provenance.model import VerifiedEvidence, sealed
from attest.provenance.origins import Origins, named_by
from attest.provenance.repositories import repository_of
from attest.statement.digests import DigestSet
from attest.statement.levels import ORIGIN_RANK, Origin
from attest.statement.predicates.runtime_reference import Artifact, BuildEvidence
from attest.trust.leftovers import CHECK as LEFTOVER

JUDGED: Final = (
    "build-link.reference",
    "build-link.artifact",
    "build-link.evidence",
    CONTRADICTION,
    "build-link.assurance",
    LEFTOVER,
    "build-link.level",
)
"""What is judged here, once every expected reference was."""

_EVIDENCE: Final = "build-link.evidence"
_ARTIFACT: Final = "build-link.artifact"


def judge_expected(expected: Sequence[Sealed], missing: Iterable[str], question: Question, sheet: Sheet) -> None:
    """Step 1: say which reference is not here, or that nobody said which one it should be."""
    for digest in missing:
        sheet.fail("build-link.reference", "the expected reference is not here", expected=digest)
    if not question.references and not question.artifacts:
        found = ", ".join(f"{each.digest} ({_named(each)})" for each in expected)
        sheet.unproven("build-link.reference", "nobody said which reference or artifact to expect", found=found)


def _named(sealed: Sealed) -> str:
    server = sealed.reference.server
    return f"{server.name} {server.version}" if server.version else server.name


def judge_build_link(
    each: Sealed, evidence: Mapping[str, Evidence], question: Question, sheet: Sheet
) -> list[VerifiedEvidence]:
    """Steps 2 to 6 for one reference whose evidence is at hand; return the evidence that holds."""
    good = _judge_evidence(each, evidence, sheet)
    judge_artifacts(each, question, sheet)
    judge_assurance(each, question, sheet)
    judge_complete(each, good, question, sheet)
    if question.wants_level:
        judge_level(good, question, sheet, each.where)
    return good


def judge_runtime_link(each: Sealed, evidence: Mapping[str, Evidence], question: Question, sheet: Sheet) -> None:
    """Steps 3 to 5 for the runtime of an expected reference: what is composed is as well known as its worst part.

    The demanded artifacts, builder, source and level are about the server.
    """
    good = _judge_evidence(each, evidence, sheet)
    judge_assurance(each, question, sheet)
    judge_complete(each, good, question, sheet)


def _judge_evidence(each: Sealed, evidence: Mapping[str, Evidence], sheet: Sheet) -> list[VerifiedEvidence]:
    """Steps 3 and 4."""
    good = [
        verified
        for piece in each.reference.evidence
        if (verified := _judge_piece(piece, evidence.get(piece.digest), each.where, sheet)) is not None
    ]
    for contradiction in find_contradictions(good):
        sheet.fail(CONTRADICTION, contradiction, where=each.where)
    origins, built = Origins(named_by(good)), Built(good)
    for artifact in each.reference.artifacts:
        known = origins.of(artifact.digest)
        _judge_origin(artifact, None if known is None else known[0], each.where, sheet)
        if built.denies_archive(artifact.name, artifact.digest):
            denied = f"artifact {artifact.name} is not what provenance says was built under that name"
            sheet.fail(CONTRADICTION, denied, where=each.where)
    return good


def judge_artifacts(each: Sealed, question: Question, sheet: Sheet) -> None:
    """Step 2: the expected artifacts stand in the reference, known by build evidence."""
    named = artifacts_in(each, question.artifacts)
    for digest in question.artifacts:
        if digest not in named:
            sheet.fail(_ARTIFACT, "the reference does not name it", where=each.where, expected=_text(digest))
    for artifact in each.reference.artifacts:
        wanted = any(artifact.digest.matches(digest) for digest in named)
        if wanted and artifact.origin not in {Origin.BUILT, Origin.LISTED}:
            sheet.unproven(
                _ARTIFACT,
                f"who made {artifact.name} is unproven",
                where=each.where,
                expected="built or listed",
                found=artifact.origin,
            )


def judge_assurance(each: Sealed, question: Question, sheet: Sheet) -> None:
    """Step 5: the sealer's own figure against the trust file's minimum; asserted, since the manifest is not here."""
    least = question.trust.minima.assurance
    of = "" if each.reference.program is None else f" of the runtime {each.reference.server.name}"
    rank = _rank(each.reference.assurance.least)
    if least is not None and (rank is None or rank < ORIGIN_RANK[least]):
        sheet.fail(
            "build-link.assurance",
            f"a file{of} is known worse than the trust file demands",
            where=each.where,
            expected=least,
            found=each.reference.assurance.least,
        )
    if each.reference.is_remote:
        judge_untied(each, question, sheet)
        return
    sheet.note(
        "build-link.assurance",
        Status.ASSERTED,
        f"the sealer says that every file{of} is {each.reference.assurance.least} or better{_accepted(each)}",
        where=each.where,
    )


def _accepted(each: Sealed) -> str:
    """Tell of less evidence than a superseded reference had; the sealer's decision, which a person should see."""
    downgrade = each.reference.downgrade
    return "" if downgrade is None else f"; and accepted less evidence than before: {downgrade.reason}"


def judge_level(good: Iterable[VerifiedEvidence | BuildEvidence], question: Question, sheet: Sheet, where: str) -> None:
    """Step 6: one piece of evidence has all that was demanded of it."""
    wanted = question.expectations
    if not any(
        piece.authenticated
        and piece.slsa_level is not None
        and piece.slsa_level >= (wanted.min_level or 0)
        and (wanted.builder_id is None or _is_builder(wanted.builder_id, piece))
        and (not wanted.demands_source or piece.source is not None)
        and (wanted.source is None or repository_of(wanted.source) == piece.source)
        for piece in good
    ):
        sheet.fail(
            "build-link.level",
            "no build evidence says what is demanded",
            where=where,
            expected=", ".join(f"{name} {value}" for name, value in wanted.demands),
        )


def _is_builder(wanted: str, piece: VerifiedEvidence | BuildEvidence) -> bool:
    signer = None if piece.identity is None else piece.identity.identity
    return any(name is not None and names_builder(wanted, name) for name in (piece.builder, signer))


def note_checks(verified: VerifiedEvidence, where: str, sheet: Sheet) -> None:
    """Carry over what could not be proven about a piece of evidence that nothing is wrong with."""
    for check in verified.unproven:
        sheet.unproven(_EVIDENCE, f"{check.id}: {check.detail}", where=where)


def _judge_piece(piece: BuildEvidence, found: Evidence | None, where: str, sheet: Sheet) -> VerifiedEvidence | None:
    if found is None:
        sheet.fail(_EVIDENCE, "build evidence is not here", where=where, expected=piece.digest)
        return None
    if not isinstance(found, VerifiedEvidence):
        sheet.fail_with(_EVIDENCE, found)
        return None
    again = sealed(found)
    for name in ("format", "identity", "builder", "source", "subjects"):
        claimed, judged = getattr(piece, name), getattr(again, name)
        if claimed != judged:
            sheet.fail(
                _EVIDENCE,
                f"build evidence {piece.digest[:16]} does not say what was sealed about its {name}",
                where=where,
                expected=claimed,
                found=judged,
            )
    if piece.authenticated > again.authenticated or (piece.slsa_level or 0) > (again.slsa_level or 0):
        sheet.fail(
            _EVIDENCE,
            f"build evidence {piece.digest[:16]} is worth less than was sealed",
            where=where,
            expected=_worth(piece),
            found=_worth(again),
        )
    note_checks(found, where, sheet)
    return found


def _judge_origin(artifact: Artifact, judged: Origin | None, where: str, sheet: Sheet) -> None:
    claimed = _rank(artifact.origin)
    shown = ORIGIN_RANK[judged or Origin.SITE]
    if claimed is None or claimed > shown:
        sheet.fail(
            _EVIDENCE,
            f"the evidence does not show what was sealed about artifact {artifact.name}",
            where=where,
            expected=artifact.origin,
            found=judged or "not named by any evidence",
        )


def _rank(origin: str) -> int | None:
    return next((rank for known, rank in ORIGIN_RANK.items() if known == origin), None)


def _worth(piece: BuildEvidence) -> str:
    signed = "authenticated" if piece.authenticated else "not authenticated"
    return f"{signed}, SLSA level {piece.slsa_level}"


def _text(digest: DigestSet) -> str:
    return ", ".join(f"{name}:{value}" for name, value in digest.items())
