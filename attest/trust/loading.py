"""Open the reference in a file, with what lies beside it."""

from __future__ import annotations

from pathlib import Path

from attest.codec.files import read_file
from attest.statement.parents import read_parents
from attest.trust.references import OpenedReference, open_with_parents
from attest.trust.trust import Trust


def load_reference(path: Path, trust: Trust, *, at: int) -> OpenedReference:
    """Open the reference at `path`, as of `at` (ms), with the parents that lie beside it if it is a sub-mandate.

    Raises `UnavailableError` for a file that cannot be read; else as `attest.trust.references.open_reference`.
    """
    octets = read_file(path)
    return open_with_parents(octets, read_parents(path, octets), trust, at=at, where=str(path))
