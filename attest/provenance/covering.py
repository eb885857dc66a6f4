"""Inventories that authenticated evidence names by their own digest: as good as signed.

Nobody signs a lock file, but provenance may have it as a subject or a resolved dependency, and a release's SBOM often
is a subject beside the archives. Then whoever signed that answers for every byte of the inventory, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from attest.provenance.model import CheckStatus, VerifiedEvidence, check
from attest.statement.digests import DigestSet


def cover(evidence: Sequence[VerifiedEvidence]) -> tuple[VerifiedEvidence, ...]:
    """Return the evidence, each unsigned piece with those that name it; only SHA-256 counts, of the exact bytes."""
    named: dict[str, list[str]] = {}
    for piece in evidence:
        if piece.authenticated:
            for digest in _named(piece):
                named.setdefault(digest.sha256 or "", []).append(piece.digest)
    return tuple(_covered(piece, tuple(dict.fromkeys(named.get(piece.digest, ())))) for piece in evidence)


def _named(piece: VerifiedEvidence) -> Iterator[DigestSet]:
    yield from (subject.digest for subject in piece.subjects)
    for component in piece.components:
        yield from component.archives
        yield from (file.digest for file in component.files)


def _covered(piece: VerifiedEvidence, by: tuple[str, ...]) -> VerifiedEvidence:
    if piece.authenticated or piece.signers or not by or piece.covered_by:
        return piece
    told = check("evidence.coverage", CheckStatus.PASS, f"named by authenticated evidence {', '.join(by)}")
    return msgspec.structs.replace(piece, covered_by=by, checks=(*piece.checks, told))
