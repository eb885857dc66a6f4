"""Read any build evidence: find its format, verify it, and say what is known now."""

from __future__ import annotations

from attest.codec import strict
from attest.errors import MalformedError
from attest.provenance.attestation import claimed_predicate_type
from attest.provenance.model import Expectations, VerifiedEvidence
from attest.provenance.sources import SOURCES
from attest.trust.trust import Trust


def read_evidence(octets: bytes, *, trust: Trust, expectations: Expectations, where: str) -> VerifiedEvidence:
    """Verify one piece of build evidence, given as its exact bytes.

    Keys count as `trust` has them: pass `trust.as_of(...)` to leave out those outside their window. Raises
    `MalformedError` for an unknown format or a fault of form, `UntrustedError` if no trusted builder signed it or it
    says something else than expected. Not checked: that it is about any artifact (see `attest.provenance.origins`).
    """
    for source in SOURCES.values():
        if source.recognises(octets):
            return source.read(octets, trust, expectations, where)
    # A fault of form is the better answer, if there is one.
    strict.parse(octets, where=where)
    claimed = claimed_predicate_type(octets)
    found = "another document" if claimed is None else f"an attestation of type {ascii(claimed)[:120]}"
    raise MalformedError(where, f"build evidence: {', '.join(SOURCES)}", found)
