"""in-toto's Simple Verification Result (SVR): a verifier of the trust file checked an artifact, and names what passed.

There is no result to read in it: what is named passed, and of anything else it says nothing.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from attest.codec import strict
from attest.codec.records import Line
from attest.errors import UntrustedError
from attest.provenance.attestation import STATEMENT, claimed_predicate_type, evidence_of, open_attestation
from attest.provenance.model import CheckStatus, Expectations, VerifiedEvidence, check
from attest.provenance.source import Source
from attest.provenance.verifiers import judge_levels, judge_verifier
from attest.statement.predicates.runtime_reference import EvidenceCheck
from attest.trust.role import Role
from attest.trust.trust import Trust

PREDICATE_TYPES: Final = ("https://in-toto.io/attestation/svr/v0.2", "https://in-toto.io/attestation/svr/v0.1")
NAME: Final = "in-toto-result"

_RESULT: Final = "build-link.result"
_RESOURCE: Final = "build-link.resource"


class _Verifier(msgspec.Struct, frozen=True, kw_only=True):
    id: Line


class _Result(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    verifier: _Verifier
    time_created: Line
    properties: Annotated[tuple[Line, ...], msgspec.Meta(max_length=1024)]


def _recognises(octets: bytes) -> bool:
    return claimed_predicate_type(octets) in PREDICATE_TYPES


def _read(octets: bytes, trust: Trust, expectations: Expectations, where: str) -> VerifiedEvidence:
    anybody = msgspec.structs.replace(expectations, builder_id=None)
    attestation = open_attestation(octets, trust, anybody, where, role=Role.VERIFIER)
    if attestation.predicate_type not in PREDICATE_TYPES:
        raise UntrustedError(
            f"{where}: predicateType", " or ".join(PREDICATE_TYPES), attestation.predicate_type, check=STATEMENT
        )
    said = strict.convert(attestation.predicate, _Result, where=f"{where}: predicate")
    verifier = judge_verifier(said.verifier.id, attestation, trust, where)
    if not said.properties:
        raise UntrustedError(f"{where}: properties", "something that passed", "nothing", check=_RESULT)
    result = check(_RESULT, CheckStatus.PASS, f"{len(said.properties)} properties passed, by the verifier's word")
    level, levels = judge_levels(said.properties, expectations, f"{where}: properties")
    checks = (verifier, result, *_judge_resource(expectations), levels)
    return evidence_of(attestation, NAME, builder=said.verifier.id, slsa_level=level, checks=checks)


def _judge_resource(expectations: Expectations) -> tuple[EvidenceCheck, ...]:
    if expectations.resource_uri is None:
        return ()
    detail = f"this kind of result names no resource; expected: {expectations.resource_uri}"
    return (check(_RESOURCE, CheckStatus.UNPROVEN, detail),)


VERIFICATION_RESULT: Final = Source(name=NAME, recognises=_recognises, read=_read)
