"""How a digest is known, given the evidence that was verified; ARCHITECTURE 3.1."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from attest.provenance.model import VerifiedEvidence
from attest.statement.digests import DigestSet
from attest.statement.levels import ORIGIN_RANK, Origin

_Named = tuple[DigestSet, Origin, str]


class Origins:
    """The digests that some evidence names, looked up in constant time."""

    def __init__(self, evidence: Sequence[VerifiedEvidence]) -> None:
        """Index everything that `evidence` names."""
        self._named: Final[dict[tuple[str, str], list[_Named]]] = {}
        for piece in evidence:
            for digests, origin in _named_by(piece):
                for pair in digests.items():
                    self._named.setdefault(pair, []).append((digests, origin, piece.digest))

    def of(self, digests: DigestSet) -> tuple[Origin, tuple[str, ...]] | None:
        """Return the best origin of a content and the digests of all evidence that says so; None if none names it.

        Evidence that agrees in one algorithm and disagrees in another names two contents at once, and does not count.
        """
        found = [
            (origin, piece)
            for pair in digests.items()
            for named, origin, piece in self._named.get(pair, ())
            if named.matches(digests)
        ]
        if not found:
            return None
        best = max((origin for origin, _ in found), key=ORIGIN_RANK.__getitem__)
        return best, tuple(dict.fromkeys(piece for origin, piece in found if origin is best))


def origin_of(digests: DigestSet, evidence: Sequence[VerifiedEvidence]) -> tuple[Origin, tuple[str, ...]] | None:
    """Return how one content is known; for many of them make `Origins` once."""
    return Origins(evidence).of(digests)


def _named_by(evidence: VerifiedEvidence) -> Iterator[tuple[DigestSet, Origin]]:
    # A subject is built only where the evidence is provenance; an SBOM's subject was not made by who lists it.
    provenance = evidence.slsa_level is not None
    if evidence.authenticated:
        for subject in evidence.subjects:
            yield subject.digest, Origin.BUILT if provenance else Origin.LISTED
    for component in evidence.components:
        for digests in component.digests:
            yield digests, Origin.LISTED if evidence.authenticated else Origin.LOCKED
