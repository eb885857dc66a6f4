"""A SLSA verification summary (VSA) v1: a verifier of the trust file checked an artifact, and says to what it amounts.

The steps are those of "Verification Summary Attestation", "How to verify": signature and verifier, subject, type,
resource, result, levels.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec

from attest.codec import strict
from attest.codec.records import Line
from attest.errors import UntrustedError
from attest.provenance.attestation import (
    STATEMENT,
    claimed_predicate_type,
    evidence_of,
    open_attestation,
)
from attest.provenance.model import CheckStatus, Expectations, VerifiedEvidence, check
from attest.provenance.source import Source
from attest.provenance.verifiers import judge_levels, judge_verifier
from attest.statement.predicates.runtime_reference import EvidenceCheck
from attest.trust.role import Role
from attest.trust.trust import Trust

PREDICATE_TYPE: Final = "https://slsa.dev/verification_summary/v1"
NAME: Final = "slsa-summary"

_RESULT: Final = "build-link.result"
_RESOURCE: Final = "build-link.resource"


class _Verifier(msgspec.Struct, frozen=True, kw_only=True):
    id: Line


class _Summary(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    verifier: _Verifier
    resource_uri: Line
    verification_result: Line
    verified_levels: Annotated[tuple[Line, ...], msgspec.Meta(max_length=64)]
    policy: dict[str, Any]


def _recognises(octets: bytes) -> bool:
    return claimed_predicate_type(octets) == PREDICATE_TYPE


def _read(octets: bytes, trust: Trust, expectations: Expectations, where: str) -> VerifiedEvidence:
    anybody = msgspec.structs.replace(expectations, builder_id=None)
    attestation = open_attestation(octets, trust, anybody, where, role=Role.VERIFIER)
    if attestation.predicate_type != PREDICATE_TYPE:
        raise UntrustedError(f"{where}: predicateType", PREDICATE_TYPE, attestation.predicate_type, check=STATEMENT)
    said = strict.convert(attestation.predicate, _Summary, where=f"{where}: predicate")
    verifier = judge_verifier(said.verifier.id, attestation, trust, where)
    if said.verification_result != "PASSED":
        raise UntrustedError(f"{where}: verificationResult", "PASSED", said.verification_result, check=_RESULT)
    result = check(_RESULT, CheckStatus.PASS, "the verifier's result is PASSED")
    resource = _judge_resource(said, expectations, where)
    level, levels = judge_levels(said.verified_levels, expectations, f"{where}: verifiedLevels")
    return evidence_of(
        attestation, NAME, builder=said.verifier.id, slsa_level=level, checks=(verifier, result, resource, levels)
    )


def _judge_resource(said: _Summary, expectations: Expectations, where: str) -> EvidenceCheck:
    wanted = expectations.resource_uri
    if wanted is None:
        detail = f"nobody said which resource to expect (--resource-uri); named: {said.resource_uri}"
        return check(_RESOURCE, CheckStatus.UNPROVEN, detail)
    if wanted != said.resource_uri:
        raise UntrustedError(f"{where}: resourceUri", wanted, said.resource_uri, check=_RESOURCE)
    return check(_RESOURCE, CheckStatus.PASS, said.resource_uri)


SLSA_SUMMARY: Final = Source(name=NAME, recognises=_recognises, read=_read)
