"""Names and hashes of Python packages, as the lock files of pip and uv write them."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

from attest.errors import MalformedError
from attest.provenance.components.contents import Pair

_ALGORITHMS: Final = ("sha256", "sha384", "sha512")
"""What pip accepts in hash-checking mode, and all that identifies something here."""

_SEPARATORS: Final = re.compile(r"[-_.]+")


def pypi_purl(name: str, version: str | None) -> str:
    """Return the package URL of a Python package: the name normalised as the packaging specifications say."""
    normal = _SEPARATORS.sub("-", name).lower()
    return f"pkg:pypi/{quote(normal, safe='')}" + (f"@{quote(version, safe='')}" if version is not None else "")


def hash_pair(algorithm: str, hexadecimal: str) -> Pair:
    """Return one hash under in-toto's name, which is the same."""
    return (algorithm if algorithm in _ALGORITHMS else None, hexadecimal)


def split_hash(written: str, *, where: str) -> Pair:
    """Read `sha256:HEX`; raise `MalformedError` for a hash without an algorithm."""
    algorithm, colon, hexadecimal = written.partition(":")
    if not colon or not algorithm:
        raise MalformedError(where, "sha256:HEX", ascii(written)[:80])
    return hash_pair(algorithm, hexadecimal)
