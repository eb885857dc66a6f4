"""Subresource integrity (W3C SRI, 3.5), as npm and pnpm write it: `sha512-BASE64`, several separated by spaces."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from attest.codec.octets import from_base64
from attest.errors import MalformedError
from attest.provenance.components.contents import Pair, any_content
from attest.statement.digests import DigestSet

_ALGORITHMS: Final = ("sha256", "sha384", "sha512")
_WEAK: Final = ("sha1", "md5")
"""What npm wrote before 2017 and still does beside the others; identifies nothing here."""


def read_integrity(written: str, *, where: str) -> tuple[DigestSet, ...]:
    """Return the contents that an integrity value admits; empty if it has only weak hashes.

    Options behind `?` are ignored, as the standard demands. Raises `MalformedError` for a hash of the wrong form.
    """
    return any_content(_pairs(written, where), where=where)


def _pairs(written: str, where: str) -> Iterator[Pair]:
    for entry in written.split():
        algorithm, dash, rest = entry.partition("-")
        if not dash or algorithm not in (*_ALGORITHMS, *_WEAK):
            raise MalformedError(where, "sha512-BASE64", ascii(entry)[:80])
        if algorithm in _ALGORITHMS:
            yield algorithm, from_base64(rest.partition("?")[0], where=where).hex()
