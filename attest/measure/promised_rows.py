"""What the RECORD of a wheel promises of installed files, as one digest: made when it is bound, and when derived."""

from __future__ import annotations

from collections.abc import Mapping

from attest.codec.octets import sha256_hex
from attest.statement.observation import Key


def rows_digest(rows: Mapping[Key, tuple[str, int]]) -> str:
    """Return one digest for installed files with SHA-256 and size, as a promise holds it."""
    lines = sorted(f"{root}/{path}\0{row[0]}\0{row[1]}\n" for (root, path), row in rows.items())
    return sha256_hex("".join(lines).encode())
