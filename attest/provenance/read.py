"""Verify a piece of build evidence of any format; the one way in."""

from __future__ import annotations

from typing import Final

from attest.codec import strict
from attest.errors import MalformedError
from attest.provenance.containers.shape import (
    Shape,
    claimed_predicate_type,
    is_message_signature,
    payload_text,
    shape_of,
)
from attest.provenance.model import Expectations, VerifiedEvidence
from attest.provenance.sources import SOURCES
from attest.trust.trust import Trust

TOGETHER: Final = {
    Shape.NPM_ATTESTATIONS: "npm-attestations",
    Shape.PYPI_PROVENANCE: "pypi-attestations",
}
"""Files whose attestations are one piece of evidence, and what that is called."""


def read_evidence(octets: bytes, *, trust: Trust, expectations: Expectations, where: str) -> VerifiedEvidence:
    """Verify one piece of build evidence, given as its exact bytes.

    Keys count as `trust` has them: pass `trust.as_of(...)` to leave out those outside their window. Raises
    `MalformedError` for an unknown format or a fault of form, `UntrustedError` if it says something else than expected
    or somebody signed it who may not. That nobody expects its signer or its source is an unproven check of the result.
    Not checked: that it is about any artifact (see `attest.provenance.origins`).
    """
    shape = shape_of(octets)
    if shape in TOGETHER:
        return _read_together(octets, shape, trust, expectations, where)
    for source in SOURCES.values():
        if source.recognises(octets):
            return source.read(octets, trust, expectations, where)
    # A fault of form is the better answer, if there is one.
    strict.parse(octets, where=where)
    claimed = claimed_predicate_type(octets)
    if claimed is None and payload_text(octets) is not None:
        raise MalformedError(f"{where}: payload", "an in-toto statement", "something else", check="integrity.statement")
    found = "another document" if claimed is None else f"an attestation of type {ascii(claimed)[:120]}"
    raise MalformedError(where, f"build evidence: {', '.join([*SOURCES, *TOGETHER.values()])}", found)


def read_attestation(octets: bytes, *, trust: Trust, expectations: Expectations, where: str) -> VerifiedEvidence:
    """Verify one signed document as far as it can be judged: as `read_evidence`, and attestations of any other type.

    What comes out may be worth nothing for sealing: a signature over a digest, a predicate that nobody here knows.
    """
    if is_message_signature(octets):
        from attest.provenance.signatures import read_signature

        return read_signature(octets, trust, expectations, where)
    if claimed_predicate_type(octets) is None or any(source.recognises(octets) for source in SOURCES.values()):
        return read_evidence(octets, trust=trust, expectations=expectations, where=where)
    from attest.provenance.statements import read_statement

    return read_statement(octets, trust, expectations, where)


def pieces_of(octets: bytes, *, where: str) -> tuple[bytes, ...]:
    """Cut JSON Lines into pieces of evidence of their own, each with its exact bytes; anything else is one piece."""
    if shape_of(octets) is not Shape.JSON_LINES:
        return (octets,)
    from attest.provenance.containers.several import members_of

    return tuple(member.octets for member in members_of(octets, Shape.JSON_LINES, where=where).members)


def _read_together(
    octets: bytes, shape: Shape, trust: Trust, expectations: Expectations, where: str
) -> VerifiedEvidence:
    # Its own import: most evidence stands alone, and every verification would pay.
    from attest.provenance.containers.several import check_together, members_of
    from attest.provenance.together import join

    members = members_of(octets, shape, where=where).members
    found = tuple(
        read_evidence(each.octets, trust=trust, expectations=expectations, where=f"{where}: {each.where}")
        for each in members
    )
    check_together(shape, found, where=where)
    return join(octets, found, TOGETHER[shape])
