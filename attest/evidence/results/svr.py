"""in-toto's Simple Verification Result, v0.2: the properties of an artifact that passed."""

from __future__ import annotations

from typing import Final

from attest.codec.records import Line, Record
from attest.evidence.results.conclusion import Conclusion
from attest.evidence.results.inputs import Inputs, Resource
from attest.statement.statement import Statement, make_statement

PREDICATE_TYPE: Final = "https://in-toto.io/attestation/svr/v0.2"


class Verifier(Record, kw_only=True):
    """Who verified, and what had to be kept."""

    id: Line
    policies: tuple[Resource, ...]


class SimpleVerificationResult(Record, kw_only=True):
    """The predicate; what did not pass is not in it."""

    verifier: Verifier
    time_created: Line
    properties: tuple[Line, ...]


def make_svr(conclusion: Conclusion, inputs: Inputs) -> Statement[SimpleVerificationResult]:
    """Return the statement of what passed."""
    slsa = () if conclusion.slsa_level is None else (f"SLSA_BUILD_LEVEL_{conclusion.slsa_level}",)
    result = SimpleVerificationResult(
        verifier=Verifier(id=inputs.verifier_id, policies=inputs.policies),
        time_created=inputs.verified_at,
        properties=(*slsa, *conclusion.levels, *conclusion.properties),
    )
    return make_statement(PREDICATE_TYPE, result, conclusion.subjects)
