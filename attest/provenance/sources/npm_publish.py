"""npm's publish attestation: the registry's word that it served this archive as this package version.

It says nothing about who built it: what it names is `locked`, as the digest of a package index is.
"""

from __future__ import annotations

from typing import Final

import msgspec

from attest.errors import UntrustedError
from attest.provenance.attestation import STATEMENT, claimed_predicate_type, evidence_of, open_attestation
from attest.provenance.model import CheckStatus, Expectations, VerifiedEvidence, check
from attest.provenance.npm import PUBLISH, check_publish, published_component, read_publish
from attest.provenance.source import Source
from attest.statement.predicates.runtime_reference import EvidenceCheck
from attest.trust.role import Role
from attest.trust.trust import Trust

NAME: Final = "npm-publish"


def _recognises(octets: bytes) -> bool:
    return claimed_predicate_type(octets) == PUBLISH


def _read(octets: bytes, trust: Trust, expectations: Expectations, where: str) -> VerifiedEvidence:
    # The registry is no builder: what is demanded of one is for the provenance beside this.
    about = Expectations(artifacts=expectations.artifacts)
    attestation = open_attestation(octets, trust, about, where, role=Role.WITNESS)
    if attestation.predicate_type != PUBLISH:
        raise UntrustedError(f"{where}: predicateType", PUBLISH, attestation.predicate_type, check=STATEMENT)
    named = read_publish(attestation.predicate, where=f"{where}: predicate")
    evidence = evidence_of(attestation, NAME, checks=(_told(named),))
    check_publish(evidence, named, where)
    return msgspec.structs.replace(
        evidence, authenticated=False, builder=None, components=(published_component(named, evidence),)
    )


def _told(named: tuple[str, str]) -> EvidenceCheck:
    name, version = named
    return check("build-link.published", CheckStatus.PASS, f"the registry published it as {name}@{version}")


NPM_PUBLISH: Final = Source(name=NAME, recognises=_recognises, read=_read)
