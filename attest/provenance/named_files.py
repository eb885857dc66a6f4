"""The files that evidence names, and what a file has to be to fit: the digest AND the place.

The digest of a file alone proves that somebody knew such a content somewhere. An empty file, a licence or a small
module has the same digest everywhere, and a good file in another place is another program (`sitecustomize.py`). So a
file on disk is known by evidence only if it has the digest that evidence gives for its path: below one of the sealed
roots, or from the top of the machine, as SBOM tools write it. Nothing is guessed about other folders.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from attest.codec.paths import check_relative
from attest.errors import MalformedError
from attest.provenance.covering import cover
from attest.provenance.model import VerifiedEvidence
from attest.provenance.origins import components_origin, subjects_origin
from attest.statement.levels import Origin


class NamedPath(NamedTuple):
    """A file by normalised path and SHA-256, and how it is known by that."""

    path: str
    sha256: str
    origin: Origin


def named_paths(evidence: Iterable[VerifiedEvidence]) -> Iterator[NamedPath]:
    """Yield every file that evidence names by path and SHA-256: files of components, and subjects with their names.

    The tree is measured by SHA-256, so that a file with another digest alone fits nothing; nor does a path that points
    out of its root.
    """
    for piece in cover(tuple(evidence)):
        named = [(file.path, file.digest.sha256) for each in piece.components for file in each.files]
        yield from _fitting(named, components_origin(piece))
        if piece.authenticated:
            yield from _fitting(((each.name, each.digest.sha256) for each in piece.subjects), subjects_origin(piece))


def normal_path(written: str) -> str | None:
    """Return a path as SBOM tools write it (`./a`, `/a`) without what it begins with; None if it leads elsewhere."""
    path = written.removeprefix("./").lstrip("/")
    try:
        return check_relative(path, where="path")
    except MalformedError:
        return None


def _fitting(named: Iterable[tuple[str | None, str | None]], origin: Origin) -> Iterator[NamedPath]:
    for written, sha256 in named:
        path = normal_path(written) if written is not None else None
        if path is not None and sha256 is not None:
            yield NamedPath(path, sha256, origin)
