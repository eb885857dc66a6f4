"""RECORD: the list of files of an installed distribution (PyPA recording installed projects)."""

from __future__ import annotations

import base64
import binascii
import io
from dataclasses import dataclass
from typing import Final

from attest.errors import MalformedError

MAX_RECORD_BYTES: Final = 16 * 1024 * 1024
_ALGORITHMS: Final = {"sha256": 32, "sha384": 48, "sha512": 64}
"""Accepted hashes and their lengths in bytes; the specification demands sha256 or better."""
_COLUMNS: Final = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One file: its path as written, and hash and size if they are given."""

    path: str
    algorithm: str | None
    digest: str | None
    size: int | None


def read_record(octets: bytes, *, where: str) -> tuple[Row, ...]:
    """Return the rows; raises `MalformedError` for a path given twice, and for odd hashes or sizes.

    Where the paths lead is for the caller to check.
    """
    import csv

    try:
        text = octets.decode("utf-8")
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise MalformedError(where, "comma-separated values in UTF-8", "otherwise") from error
    rows: dict[str, Row] = {}
    for line in lines:
        if not line:
            continue
        if len(line) != _COLUMNS or not line[0] or line[0] in rows:
            raise MalformedError(where, "each path once, with hash and size", str(line)[:120])
        rows[line[0]] = _row(line, where)
    return tuple(rows.values())


def _row(line: list[str], where: str) -> Row:
    path, written, length = line
    at = f"{where}: {path[:120]}"
    if length and not (length.isascii() and length.isdigit() and len(length) < 16):  # noqa: PLR2004  (digits of 2**53)
        raise MalformedError(at, "a size in bytes", length[:40])
    size = int(length) if length else None
    if not written:
        return Row(path=path, algorithm=None, digest=None, size=size)
    algorithm, _, encoded = written.partition("=")
    if algorithm not in _ALGORITHMS:
        raise MalformedError(at, "sha256 or better", algorithm[:40])
    digest = _decode(encoded, at)
    if len(digest) != _ALGORITHMS[algorithm]:
        raise MalformedError(at, f"{_ALGORITHMS[algorithm]} bytes of {algorithm}", f"{len(digest)}")
    return Row(path=path, algorithm=algorithm, digest=digest.hex(), size=size)


def _decode(encoded: str, at: str) -> bytes:
    padded = encoded + "=" * (-len(encoded) % 4)
    try:
        digest = base64.b64decode(padded, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedError(at, "a hash in URL-safe base64", encoded[:80]) from error
    if base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii") != encoded:
        raise MalformedError(at, "a hash in URL-safe base64 without padding", encoded[:80])
    return digest
