"""Key files: PKCS#8 and SubjectPublicKeyInfo in PEM (RFC 7468), one block a file and nothing else in it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from attest.codec.files import look_and_read
from attest.codec.octets import from_base64, to_base64
from attest.errors import MalformedError, RefusedError, UnavailableError
from attest.signing.access import others_may_use
from attest.signing.keys import PrivateKey, PublicKey, private_from_pkcs8, public_from_spki

MAX_KEY_FILE_BYTES: Final = 64 * 1024
"""Larger than any key file of any algorithm here, ML-DSA-87 included."""

_PEM = re.compile(r"-----BEGIN (PRIVATE|PUBLIC) KEY-----\n([A-Za-z0-9+/=\n]+)-----END \1 KEY-----\n?")
_PEM_LINE = 64
_LONG_FORM = 0x80


def load_public(path: Path) -> PublicKey:
    """Read a PEM public key file; raise `MalformedError`, or `UnavailableError` if it cannot be read."""
    return parse_public(_read(path)[0], where=str(path))


def load_private(path: Path) -> PrivateKey:
    """Read a PEM private key file that its owner alone can read, or that was handed to this process's user alone.

    Whoever else may read it: `RefusedError`.
    """
    octets, is_shared = _read(path)
    if is_shared:
        raise RefusedError(
            str(path), "a private key that only its owner can read", "wider permissions", hint=f"chmod 600 {path}"
        )
    return parse_private(octets, where=str(path))


def load_either(path: Path) -> PublicKey:
    """Read the public half of a key file of either kind."""
    if b"PRIVATE KEY" in _read(path)[0]:
        return load_private(path).public
    return load_public(path)


def parse_public(octets: bytes, *, where: str) -> PublicKey:
    """Read a PEM public key."""
    return public_from_spki(_block(octets, "PUBLIC", where), where=where)


def parse_public_block(octets: bytes, *, where: str) -> bytes:
    """Read a PEM public key of whatever algorithm; return its DER SubjectPublicKeyInfo, which is not looked at."""
    return _block(octets, "PUBLIC", where)


def parse_private(octets: bytes, *, where: str) -> PrivateKey:
    """Read an unencrypted PEM private key; who else could read its file is `load_private`'s to check."""
    return private_from_pkcs8(_block(octets, "PRIVATE", where), where=where)


def public_pem(key: PublicKey) -> bytes:
    """Write a public key as PEM."""
    return _pem(key.spki, "PUBLIC")


def private_pem(key: PrivateKey) -> bytes:
    """Write a private key as unencrypted PEM; the caller keeps the file at mode 0600."""
    return _pem(key.pkcs8(), "PRIVATE")


def write_private(path: Path, key: PrivateKey) -> None:
    """Create `path` with mode 0600 and the private key in it, or nothing; an existing file is never overwritten."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except FileExistsError as error:
        raise RefusedError(str(path), "no file of that name", "one", hint="choose another name") from error
    except OSError as error:
        raise UnavailableError(str(path), "a place to write", error.strerror or "an error") from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(private_pem(key))
            file.flush()
            os.fsync(file.fileno())
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise UnavailableError(str(path), "room for a key", error.strerror or "an error") from error
        raise


def _read(path: Path) -> tuple[bytes, bool]:
    """Return what stands in a file, and whether others may use that very file."""
    return look_and_read(path, others_may_use, max_bytes=MAX_KEY_FILE_BYTES)


def _block(octets: bytes, label: str, where: str) -> bytes:
    expected = f"one PEM block '{label} KEY' and nothing else"
    try:
        match = _PEM.fullmatch(octets.decode("ascii"))
    except UnicodeDecodeError as error:
        raise MalformedError(where, expected, "bytes that are not ASCII") from error
    if match is None or match[1] != label:
        raise MalformedError(where, expected, "something else")
    der = from_base64(match[2].replace("\n", ""), where=where) if _is_base64(match[2]) else b""
    if not der or _der_length(der) != len(der):
        raise MalformedError(where, "a PEM block with exactly one DER value", "a broken one, or trailing bytes")
    return der


def _is_base64(body: str) -> bool:
    return len(body.replace("\n", "")) % 4 == 0


def _der_length(der: bytes) -> int:
    """Return how long the first DER value is, header included (X.690, 8.1.3)."""
    if len(der) < 2 or der[1] < _LONG_FORM:  # noqa: PLR2004  (tag and length byte)
        return 2 + (der[1] if len(der) > 1 else 0)
    size = der[1] & 0x7F
    return 2 + size + int.from_bytes(der[2 : 2 + size])


def _pem(der: bytes, label: str) -> bytes:
    body = to_base64(der)
    lines = [body[start : start + _PEM_LINE] for start in range(0, len(body), _PEM_LINE)]
    return "\n".join([f"-----BEGIN {label} KEY-----", *lines, f"-----END {label} KEY-----", ""]).encode()
