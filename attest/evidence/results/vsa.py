"""The SLSA Verification Summary Attestation, v1: this artifact was verified, by whom, and to what it amounts."""

from __future__ import annotations

from typing import Final, Literal
from urllib.parse import quote

from attest.codec.records import Line, Record
from attest.errors import RefusedError
from attest.evidence.results.conclusion import Conclusion
from attest.evidence.results.inputs import Inputs, Resource
from attest.statement.digests import DigestSet, Subject
from attest.statement.statement import Statement, make_statement
from attest.version import VERSION

PREDICATE_TYPE: Final = "https://slsa.dev/verification_summary/v1"

_SLSA_VERSION: Final = "1.0"
"""The specification of the Build track whose levels are meant; later ones did not change them."""


class Verifier(Record, kw_only=True):
    """Who verified, and with which version of what."""

    id: Line
    version: dict[str, str]


class Annotations(Record, kw_only=True):
    """What else had to be kept beside the policy; the specification has room for one."""

    trust_file: Resource


class Policy(Record, kw_only=True):
    """What had to be kept."""

    uri: Line
    digest: DigestSet
    annotations: Annotations | None = None


class VerificationSummary(Record, kw_only=True):
    """The predicate, of a verification that passed: no other is ever signed."""

    verifier: Verifier
    time_verified: Line
    resource_uri: Line
    policy: Policy
    input_attestations: tuple[Resource, ...]
    verification_result: Literal["PASSED"]
    verified_levels: tuple[Line, ...]
    slsa_version: Line | None = None


def make_vsa(conclusion: Conclusion, inputs: Inputs) -> Statement[VerificationSummary]:
    """Return the statement of what passed; raise `RefusedError` if it amounts to no level.

    A summary without one would say PASSED of whatever was signed: also of a statement that nobody here can read.
    """
    slsa = () if conclusion.slsa_level is None else (f"SLSA_BUILD_LEVEL_{conclusion.slsa_level}",)
    levels = (*slsa, *conclusion.levels)
    if not levels:
        hint = "verify build provenance of the artifact (--artifact), or an evidence bundle with its receipts"
        raise RefusedError("VSA", "a level that holds for every subject", "none", hint=hint)
    summary = VerificationSummary(
        verifier=Verifier(id=inputs.verifier_id, version={"mcp-attest": VERSION}),
        time_verified=inputs.verified_at,
        resource_uri=inputs.resource_uri or _resource(conclusion.subjects[0]),
        policy=_policy(inputs),
        input_attestations=inputs.attestations,
        verification_result="PASSED",
        verified_levels=levels,
        slsa_version=_SLSA_VERSION if slsa else None,
    )
    return make_statement(PREDICATE_TYPE, summary, conclusion.subjects)


def _policy(inputs: Inputs) -> Policy:
    trust_file, *others = inputs.policies
    if not others:
        return Policy(uri=trust_file.uri, digest=trust_file.digest)
    return Policy(uri=others[0].uri, digest=others[0].digest, annotations=Annotations(trust_file=trust_file))


def _resource(subject: Subject) -> str:
    """Return a URI for an artifact of which only name and digest are known: a package URL of no registry."""
    algorithm, digest = subject.digest.items()[0]
    return f"pkg:generic/{quote(subject.name or 'unnamed', safe='')}?checksum={algorithm}:{digest}"
