"""Evidence that names another content for what provenance says was built: a finding, never a second opinion.

Whoever wants a trojan accepted writes an SBOM with its digest. So where provenance has a subject of the same name (a
path, a package URL, the file name of an archive), a digest that is none of that name's subjects raises nothing: it is
refused. Names prove nothing here, they only raise an alarm.

Builders name archives by where they made them (`dist/x.whl`), and whoever installs has the file name alone. So an
archive is compared by its last component: one at hand with every subject of that file name, one that an SBOM finds
somewhere on a disk only if the file name has a version in it. Two files called `index.js`, or two `data.zip` in two
folders, are not the same thing, and a false alarm is a wall.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, final

from attest.provenance.model import VerifiedEvidence
from attest.provenance.named_files import normal_path
from attest.provenance.origins import subjects_origin
from attest.statement.digests import DigestSet
from attest.statement.levels import Origin

CHECK: Final = "build-link.contradiction"

_ARCHIVE: Final = re.compile(r"[^/]+\.(?:whl|tgz|tar|tar\.[a-z0-9]{2,4}|oci|zip|mcpb|dxt|pyzw?|shiv|pex|deb)")
_VERSIONED: Final = r"[^/]+[-_]v?[0-9][^/]*"


@final
class Built:
    """What verified provenance says was built, by name."""

    def __init__(self, evidence: Sequence[VerifiedEvidence]) -> None:
        """Index the subjects of all provenance."""
        self._subjects: Final[dict[str, list[DigestSet]]] = {}
        self._archives: Final[dict[str, list[DigestSet]]] = {}
        """By last component, where that is the name of an archive."""
        for piece in evidence:
            if piece.authenticated and subjects_origin(piece) is Origin.BUILT:
                for subject in piece.subjects:
                    if subject.name:
                        name = normal_path(subject.name) or subject.name
                        self._subjects.setdefault(name, []).append(subject.digest)
                        last = name.rpartition("/")[2]
                        if _ARCHIVE.fullmatch(last) is not None:
                            self._archives.setdefault(last, []).append(subject.digest)

    def denies(self, name: str, digest: DigestSet) -> bool:
        """Return whether something of that name was built, and this content, comparable with it, is none of it."""
        return _is_another(digest, self._subjects.get(name, ()))

    def denies_archive(self, filename: str, digest: DigestSet) -> bool:
        """Return the same of an archive at hand, wherever the builder had put what it made under that file name."""
        return _is_another(digest, (*self._subjects.get(filename, ()), *self._archives.get(filename, ())))

    def denies_file(self, path: str, digest: DigestSet) -> bool:
        """Return the same of a file that was found at `path`, of which provenance may know only the end."""
        last = path.rpartition("/")[2]
        if re.fullmatch(_VERSIONED, last) is not None and self.denies_archive(last, digest):
            return True
        return any(self.denies(name, digest) for name in _tails(path))


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
                if built.denies_file(file.path, file.digest):
                    yield f"{piece.format} {piece.digest[:16]} names another content for {file.path}"


def _is_another(digest: DigestSet, built: Iterable[DigestSet]) -> bool:
    algorithms = {algorithm for algorithm, _ in digest.items()}
    comparable = [each for each in built if any(algorithm in algorithms for algorithm, _ in each.items())]
    return bool(comparable) and not any(each.matches(digest) for each in comparable)


def _tails(written: str) -> Iterator[str]:
    """Yield a path, then what is left of it without its first folders: provenance often has the file name alone."""
    path = normal_path(written) or ""
    while path:
        yield path
        path = path.partition("/")[2]
