"""A sub-mandate on disk and the parents beside it, read as the one document that is judged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from attest.codec.files import read_file
from attest.errors import MalformedError
from attest.evidence.reading import Hash
from attest.statement.parents import read_parents


def read_with_parents(path: Path, hashed: Hash | None = None) -> Iterator[bytes]:
    """Yield the lines of a reference, and behind a sub-mandate those of its parents; `hashed` takes the first alone.

    Raises `UnavailableError` for what cannot be read; what is malformed is yielded as it is, for a verdict to say so.
    """
    octets = read_file(path)
    if hashed is not None:
        hashed.update(octets)
    yield octets
    try:
        parents = read_parents(path, octets)
    except MalformedError:
        return
    for parent in parents:
        yield parent + b"\n"
