"""A SLSA verification summary (VSA) v1: a verifier of the trust file checked an artifact, and says to what it amounts.

The steps are those of "Verification Summary Attestation", "How to verify": signature and verifier, subject, type,
resource, result, levels.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

import msgspec

from attest.codec import strict
from attest.codec.records import Line
from attest.errors import UntrustedError
from attest.provenance.attestation import (
    STATEMENT,
    Attestation,
    claimed_predicate_type,
    evidence_of,
    open_attestation,
)
from attest.provenance.model import CheckStatus, Expectations, VerifiedEvidence, check
from attest.provenance.source import Source
from attest.statement.predicates.runtime_reference import EvidenceCheck
from attest.trust.role import Role
from attest.trust.trust import Trust

PREDICATE_TYPE: Final = "https://slsa.dev/verification_summary/v1"
NAME: Final = "slsa-summary"

_VERIFIER: Final = "authenticity.verifier"
_RESULT: Final = "build-link.result"
_RESOURCE: Final = "build-link.resource"
_LEVEL: Final = "build-link.level"
_BUILD_LEVEL: Final = r"SLSA_BUILD_LEVEL_(?P<level>[0-3])"


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
    verifier = _judge_verifier(said, attestation, trust, where)
    if said.verification_result != "PASSED":
        raise UntrustedError(f"{where}: verificationResult", "PASSED", said.verification_result, check=_RESULT)
    result = check(_RESULT, CheckStatus.PASS, "the verifier's result is PASSED")
    resource = _judge_resource(said, expectations, where)
    level, levels = _judge_levels(said, expectations, where)
    return evidence_of(
        attestation, NAME, builder=said.verifier.id, slsa_level=level, checks=(verifier, result, resource, levels)
    )


def _judge_verifier(said: _Summary, attestation: Attestation, trust: Trust, where: str) -> EvidenceCheck:
    ids = {row.id for row in trust.document.verifiers if row.keyid in attestation.signers}
    if ids == {None}:
        detail = f"nobody said for which verifier.id this key speaks (--verifier ID=PUB); named: {said.verifier.id}"
        return check(_VERIFIER, CheckStatus.UNPROVEN, detail)
    if said.verifier.id not in ids:
        expected = " or ".join(sorted(str(each) for each in ids if each is not None))
        raise UntrustedError(f"{where}: verifier.id", expected, said.verifier.id, check=_VERIFIER)
    return check(_VERIFIER, CheckStatus.PASS, said.verifier.id)


def _judge_resource(said: _Summary, expectations: Expectations, where: str) -> EvidenceCheck:
    wanted = expectations.resource_uri
    if wanted is None:
        detail = f"nobody said which resource to expect (--resource-uri); named: {said.resource_uri}"
        return check(_RESOURCE, CheckStatus.UNPROVEN, detail)
    if wanted != said.resource_uri:
        raise UntrustedError(f"{where}: resourceUri", wanted, said.resource_uri, check=_RESOURCE)
    return check(_RESOURCE, CheckStatus.PASS, said.resource_uri)


def _judge_levels(said: _Summary, expectations: Expectations, where: str) -> tuple[int | None, EvidenceCheck]:
    """Return the SLSA Build level, None without one on that track, and the check of it."""
    found = [int(match["level"]) for name in said.verified_levels if (match := re.fullmatch(_BUILD_LEVEL, name))]
    if len(found) > 1:
        raise UntrustedError(
            f"{where}: verifiedLevels", "one level a track", ", ".join(said.verified_levels), check=_LEVEL
        )
    level = found[0] if found else None
    least = expectations.min_level
    if least is not None and (level is None or level < least):
        named = ", ".join(said.verified_levels) or "none"
        raise UntrustedError(f"{where}: verifiedLevels", f"SLSA_BUILD_LEVEL_{least} or better", named, check=_LEVEL)
    return level, check(_LEVEL, CheckStatus.PASS, f"verified: {', '.join(said.verified_levels) or 'no level'}")


SLSA_SUMMARY: Final = Source(name=NAME, recognises=_recognises, read=_read)
