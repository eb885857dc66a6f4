"""Judge a file of build evidence: one attestation, or several of which each has to hold.

1. The file is cut into its attestations.
2. Each is verified: signature and signer, statement, subjects, and what its predicate says (`attest.provenance`). What
   was checked goes into the sheet under the same ids.
3. What only the whole file can show is checked.
4. The expected artifacts are subjects of each.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from attest.errors import MalformedError, UntrustedError
from attest.evidence.verdict import Status
from attest.evidence.verify.attested import attested
from attest.evidence.verify.checks import CHECKS
from attest.evidence.verify.leftover import leave_unproven
from attest.evidence.verify.question import Question
from attest.evidence.verify.result import Seen
from attest.evidence.verify.sheet import Sheet
from attest.provenance.attestation import open_attestation
from attest.provenance.containers.several import Member, check_together, members_of
from attest.provenance.containers.shape import shape_of
from attest.provenance.model import CheckStatus, Expectations, VerifiedEvidence
from attest.provenance.read import read_attestation
from attest.statement.digests import DigestSet, Subject
from attest.statement.predicates.runtime_reference import EvidenceCheck
from attest.trust.role import Role

_HERE: Final = "file"


def judge_build_evidence(octets: bytes, question: Question, sheet: Sheet) -> Seen:
    """Judge every attestation of a file; raise `MalformedError` if it holds none."""
    shape = shape_of(octets)
    if shape is None:
        raise MalformedError(_HERE, "build evidence", "another document")
    members = members_of(octets, shape, where=_HERE)
    found = tuple(_judge(member, question, sheet) for member in members.members)
    good = tuple(each for each in found if each is not None)
    if len(good) == len(found):
        try:
            check_together(shape, good, where=_HERE)
        except UntrustedError as error:
            sheet.fail_with(error.check or "build-link.subject", error)
    more = f", and {members.ignored} line(s) that are none and were ignored" if members.ignored else ""
    sheet.settle("integrity.grammar", detail=f"{len(found)} attestation(s){more}")
    if len(good) == len(found):
        believed = all(each.authenticated or each.identity is None for each in good)
        reason = "build evidence says nothing about it" if believed else "not judged: nobody expects the signer"
        leave_unproven(sheet, reason)
    subjects = dict.fromkeys(subject for each in good for subject in each.subjects)
    told = tuple(
        attested(each, member.where, question.artifacts)
        for each, member in zip(found, members.members, strict=True)
        if each is not None
    )
    return Seen(subjects=tuple(Subject(digest=each.digest, name=each.name) for each in subjects), attestations=told)


def _judge(member: Member, question: Question, sheet: Sheet) -> VerifiedEvidence | None:
    """Verify one attestation and put what was checked into the sheet; None if it does not hold."""
    trust = question.trust.as_of(question.at)
    expectations = msgspec.structs.replace(question.expectations, artifacts=question.artifacts)
    try:
        found = read_attestation(member.octets, trust=trust, expectations=expectations, where=member.where)
    except (MalformedError, UntrustedError) as error:
        _tell_how_far(member, question, sheet)
        default = "integrity.grammar" if isinstance(error, MalformedError) else "authenticity.signature"
        sheet.fail_with(error.check or default, error, where=member.where)
        return None
    if member.predicate_type not in {None, found.predicate_type}:
        sheet.fail(
            "integrity.grammar",
            "the file says that the attestation is of another type",
            where=member.where,
            expected=found.predicate_type,
            found=member.predicate_type,
        )
    _note(found.checks, member.where, sheet)
    _judge_artifacts(found, question.artifacts, member.where, sheet)
    return found


def _tell_how_far(member: Member, question: Question, sheet: Sheet) -> None:
    """Tell evidence that nobody trusted signed from evidence that says something else than was demanded."""
    anybody = Expectations(
        identities=question.expectations.identities, keys=question.expectations.keys, artifacts=question.artifacts
    )
    for role in (Role.BUILDER, Role.VERIFIER, Role.WITNESS):
        try:
            opened = open_attestation(
                member.octets, question.trust.as_of(question.at), anybody, member.where, role=role
            )
        except (MalformedError, UntrustedError):
            continue
        _note(opened.checks, member.where, sheet)
        return


def _note(checks: Iterable[EvidenceCheck], where: str, sheet: Sheet) -> None:
    for each in checks:
        check = each.id if each.id in CHECKS else "build-link.evidence"
        if each.status == CheckStatus.UNPROVEN:
            sheet.unproven(check, each.detail, where=where)
        elif each.status == CheckStatus.ASSERTED:
            sheet.note(check, Status.ASSERTED, each.detail, where=where)
        if each.status == CheckStatus.NOT_APPLICABLE:
            sheet.lift(check)
        else:
            sheet.lay(check)
            sheet.settle(check, detail=each.detail)


def _judge_artifacts(found: VerifiedEvidence, wanted: tuple[DigestSet, ...], where: str, sheet: Sheet) -> None:
    for digest in wanted:
        if not any(subject.digest.matches(digest) for subject in found.subjects):
            text = ", ".join(f"{name}:{value}" for name, value in digest.items())
            about = ", ".join(f"{name}:{value}" for each in found.subjects[:4] for name, value in each.digest.items())
            sheet.fail("build-link.artifact", "not a subject of this evidence", where=where, expected=text, found=about)
    if not wanted:
        sheet.unproven("build-link.artifact", "nobody said which artifact to expect", where=where)
    sheet.settle("build-link.artifact", detail="a subject of this evidence, by its digest")
