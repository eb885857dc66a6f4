"""The evidence that a reference is sealed from: every check of every piece passes, or nothing is sealed."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from attest.codec.files import read_file
from attest.errors import RefusedError
from attest.provenance.covering import cover
from attest.provenance.model import Expectations, VerifiedEvidence
from attest.provenance.read import pieces_of, read_evidence
from attest.seal.layouts import join_layouts
from attest.statement.predicates.runtime_reference import EvidenceCheck
from attest.trust.trust import Trust


def verify_evidence(
    paths: Sequence[Path], trust: Trust, expectations: Expectations
) -> tuple[tuple[VerifiedEvidence, ...], tuple[bytes, ...]]:
    """Return each piece of evidence verified, and its exact bytes; the same bytes given twice are one piece.

    Raises what `read_evidence` does, and `RefusedError` for a piece of which anything stayed unproven.
    """
    verified: dict[bytes, VerifiedEvidence] = {}
    for path, file in join_layouts([(path, read_file(path)) for path in paths]):
        for octets in pieces_of(file, where=str(path)):
            if octets not in verified:
                found = read_evidence(octets, trust=trust, expectations=expectations, where=str(path))
                _refuse_unproven(found, str(path))
                verified[octets] = found
    return cover(tuple(verified.values())), tuple(verified)


def _refuse_unproven(found: VerifiedEvidence, where: str) -> None:
    for check in found.unproven:
        told = f"{check.id} {check.status}: {check.detail}"
        raise RefusedError(where, "evidence whose every check passes", told, hint=_hint(check, found), check=check.id)


def _hint(check: EvidenceCheck, found: VerifiedEvidence) -> str | None:
    """Name the flag that would accept what was found, ready to paste."""
    signer = found.identity
    if check.id == "authenticity.identity" and signer is not None:
        named = shlex.quote(f"{signer.identity}@{signer.issuer}")
        return f"if you trust it, in the trust file: attest trust new --builder-identity {named}"
    if check.id == "build-link.source":
        named = "URI" if found.source is None else shlex.quote(found.source)
        return f"name the source you expect: --source-uri {named}, or --source in the trust file"
    return None
