"""SLSA provenance as an in-toto attestation in a DSSE envelope: bare, in a Sigstore bundle, or as PyPI has it."""

from __future__ import annotations

from typing import Final

import msgspec

from attest.provenance.attestation import claimed_predicate_type, open_attestation
from attest.provenance.model import Expectations, VerifiedEvidence
from attest.provenance.slsa.judging import judge_provenance
from attest.provenance.slsa.model import PREDICATE_TYPES
from attest.provenance.source import Source
from attest.trust.trust import Trust

NAME: Final = "slsa-dsse"


def _recognises(octets: bytes) -> bool:
    return claimed_predicate_type(octets) in PREDICATE_TYPES


def _read(octets: bytes, trust: Trust, expectations: Expectations, where: str) -> VerifiedEvidence:
    # Provenance names its builder itself, which need not be who signed it: a delegator, a runner.
    anybody = msgspec.structs.replace(expectations, builder_id=None)
    attestation = open_attestation(octets, trust, anybody, where)
    return judge_provenance(attestation, trust, expectations, name=NAME, where=where)


SLSA_DSSE: Final = Source(name=NAME, recognises=_recognises, read=_read)
