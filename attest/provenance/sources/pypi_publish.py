"""PyPI's publish attestation (PEP 740): a workflow's own word that it uploaded this archive.

It tells who published, not how it was built: what it names is `listed`. The publisher that a PyPI file names beside it
is unsigned and nowhere used; the certificate says who it was.
"""

from __future__ import annotations

from typing import Final

from attest.errors import UntrustedError
from attest.provenance.attestation import SUBJECT, claimed_predicate_type, evidence_of, open_attestation
from attest.provenance.model import Expectations, VerifiedEvidence
from attest.provenance.slsa.source import judge_certified_source
from attest.provenance.source import Source
from attest.trust.trust import Trust

PREDICATE_TYPE: Final = "https://docs.pypi.org/attestations/publish/v1"
NAME: Final = "pypi-publish"


def _recognises(octets: bytes) -> bool:
    return claimed_predicate_type(octets) == PREDICATE_TYPE


def _read(octets: bytes, trust: Trust, expectations: Expectations, where: str) -> VerifiedEvidence:
    attestation = open_attestation(octets, trust, expectations, where)
    if len(attestation.subjects) != 1:
        found = f"{len(attestation.subjects)}"
        raise UntrustedError(f"{where}: subject", "one archive", found, check=SUBJECT)
    source, source_check = judge_certified_source(attestation.certificate, attestation.author, expectations, where)
    return evidence_of(attestation, NAME, source=source, checks=(source_check,))


PYPI_PUBLISH: Final = Source(name=NAME, recognises=_recognises, read=_read)
"""Also bare, in a Sigstore bundle: what carries it makes no difference."""
