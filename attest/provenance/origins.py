"""How a digest is known, given the evidence that was verified; ARCHITECTURE 3.1."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from attest.provenance.covering import cover
from attest.provenance.model import VerifiedEvidence
from attest.statement.digests import DigestSet
from attest.statement.levels import ORIGIN_RANK, Origin


class Named(msgspec.Struct, frozen=True):
    """One content that a piece of evidence names, how it is known by that, and the digest of the piece."""

    digest: DigestSet
    origin: Origin
    evidence: str


class Origins:
    """The digests that some evidence names, looked up in constant time."""

    def __init__(self, named: Iterable[Named]) -> None:
        """Index everything that was named."""
        self._named: Final[dict[tuple[str, str], list[Named]]] = {}
        for item in named:
            for pair in item.digest.items():
                self._named.setdefault(pair, []).append(item)

    def of(self, digests: DigestSet) -> tuple[Origin, tuple[str, ...]] | None:
        """Return the best origin of a content and the digests of all evidence that says so; None if none names it.

        Evidence that agrees in one algorithm and disagrees in another names two contents at once, and does not count.
        """
        found = [
            (named.origin, named.evidence)
            for pair in digests.items()
            for named in self._named.get(pair, ())
            if named.digest.matches(digests)
        ]
        if not found:
            return None
        best = max((origin for origin, _ in found), key=ORIGIN_RANK.__getitem__)
        return best, tuple(dict.fromkeys(piece for origin, piece in found if origin is best))


def origin_of(digests: DigestSet, evidence: Sequence[VerifiedEvidence]) -> tuple[Origin, tuple[str, ...]] | None:
    """Return how one content is known; for many of them make `Origins` once."""
    return Origins(named_by(evidence)).of(digests)


def named_by(evidence: Iterable[VerifiedEvidence]) -> Iterator[Named]:
    """Yield every content that any of the evidence names as a whole: subjects and archives; files have places, too."""
    for piece in cover(tuple(evidence)):
        if piece.authenticated:
            origin = subjects_origin(piece)
            yield from (Named(subject.digest, origin, piece.digest) for subject in piece.subjects)
        origin = components_origin(piece)
        for component in piece.components:
            yield from (Named(digest, origin, piece.digest) for digest in component.archives)


def subjects_origin(piece: VerifiedEvidence) -> Origin:
    """Return how the subjects of authenticated evidence are known.

    Built only where it is provenance, SLSA's or a layout's: an SBOM's subject was not made by who lists it.
    """
    return Origin.BUILT if piece.slsa_level is not None or piece.provenance else Origin.LISTED


def components_origin(piece: VerifiedEvidence) -> Origin:
    """Return how the parts that evidence names are known: somebody answers for it, or nobody does."""
    return Origin.LISTED if piece.authenticated or piece.covered_by else Origin.LOCKED
