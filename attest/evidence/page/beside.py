"""The manifest beside a reference: what coverage looks like down to files, which no evidence bundle holds."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from attest.codec.files import read_file
from attest.errors import MalformedError, UnavailableError
from attest.evidence.page.pieces import Kept, keep
from attest.evidence.verify.opening import Spread
from attest.statement.companions import manifest_path

MAX_MANIFEST_BYTES: Final = 64 * 1024 * 1024
"""About 250,000 files; of a larger one the page shows the sealed figures alone."""


def manifests_beside(references: tuple[Path, ...], spread: Spread) -> tuple[Kept, ...]:
    """Return the manifests that lie beside these references; one that does not, or is too large, is left out.

    Whether they are the sealed ones is found out in the browser, by their digests.
    """
    found = []
    for reference in references:
        try:
            octets = read_file(manifest_path(reference), max_bytes=MAX_MANIFEST_BYTES)
        except (UnavailableError, MalformedError):
            continue
        found.append(keep(octets.splitlines(keepends=True), spread))
    return tuple(found)
