"""Evidence that names another content for what provenance says was built: a finding, never a second opinion.

Whoever wants a trojan accepted writes an SBOM with its digest. So where provenance has a subject of the same name (a
path, a package URL, the file name of an archive), a digest that is none of that name's subjects raises nothing: it is
refused. Names prove nothing here, they only raise an alarm.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, final

from attest.provenance.model import VerifiedEvidence
from attest.provenance.named_files import normal_path
from attest.provenance.origins import subjects_origin
from attest.statement.digests import DigestSet
from attest.statement.levels import Origin

CHECK: Final = "build-link.contradiction"


@final
class Built:
    """What verified provenance says was built, by name."""

    def __init__(self, evidence: Sequence[VerifiedEvidence]) -> None:
        """Index the subjects of all provenance."""
        self._subjects: Final[dict[str, list[DigestSet]]] = {}
        for piece in evidence:
            if piece.authenticated and subjects_origin(piece) is Origin.BUILT:
                for subject in piece.subjects:
                    if subject.name:
                        name = normal_path(subject.name) or subject.name
                        self._subjects.setdefault(name, []).append(subject.digest)

    def denies(self, name: str, digest: DigestSet) -> bool:
        """Return whether something of that name was built, and this content, comparable with it, is none of it."""
        subjects = self._subjects.get(name, ())
        algorithms = {algorithm for algorithm, _ in digest.items()}
        comparable = [each for each in subjects if any(algorithm in algorithms for algorithm, _ in each.items())]
        return bool(comparable) and not any(each.matches(digest) for each in comparable)


def find_contradictions(evidence: Sequence[VerifiedEvidence]) -> Iterator[str]:
    """Yield a sentence for each component or file that is named with another content than provenance gives it."""
    built = Built(evidence)
    for piece in evidence:
        if subjects_origin(piece) is Origin.BUILT and piece.authenticated:
            continue
        for component in piece.components:
            purl = component.purl
            if purl is not None and component.archives and all(built.denies(purl, each) for each in component.archives):
                yield f"{piece.format} {piece.digest[:16]} names another content for {purl}"
            for file in component.files:
                if any(built.denies(name, file.digest) for name in _tails(file.path)):
                    yield f"{piece.format} {piece.digest[:16]} names another content for {file.path}"


def _tails(written: str) -> Iterator[str]:
    """Yield a path, then what is left of it without its first folders: provenance often has the file name alone."""
    path = normal_path(written) or ""
    while path:
        yield path
        path = path.partition("/")[2]
