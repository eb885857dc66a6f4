"""JSON Web Signatures (RFC 7515) of access tokens and proofs: PyJWT verifies, our strict reader reads the JSON.

The algorithm follows from the trusted key, never from the token (RFC 8725, 3.1): a key that names none signs with the
one or two that its type has. What the claims mean is the caller's business.
"""

from __future__ import annotations

import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from attest.codec import canonical, strict
from attest.errors import MalformedError, UntrustedError

if TYPE_CHECKING:
    from jwt import PyJWK

MAX_TOKEN_BYTES: Final = 16 * 1024
"""Of a token in its compact form; header lines of HTTP servers end at 8 to 16 KiB."""

MAX_KEYS: Final = 64

_ALGORITHMS: Final[dict[tuple[str, str | None], tuple[str, ...]]] = {
    ("RSA", None): ("RS256", "PS256"),
    ("EC", "P-256"): ("ES256",),
    ("EC", "P-384"): ("ES384",),
    ("OKP", "Ed25519"): ("EdDSA",),
}
"""Key type and curve -> what it may sign with (RFC 7518, 3.1; RFC 8037). Asymmetric only."""

_REQUIRED: Final = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x")}
"""The members that a thumbprint is made of (RFC 7638, 3.2; RFC 8037, 2)."""

_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"})
_MIN_RSA_BYTES: Final = 256
_LAST_SECOND: Final = 253_402_300_799
"""Of the year 9999."""


@dataclass(frozen=True, kw_only=True)
class WebKey:
    """A public JSON Web Key (RFC 7517): what it signs with, and the SHA-256 thumbprint (hex) that names it."""

    kid: str | None
    algorithms: tuple[str, ...]
    thumbprint: str
    handle: PyJWK


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A token whose signature holds: its header and claims, and the key that signed it. Made by `open_token` alone."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    key: WebKey


def read_key(jwk: Any, *, where: str) -> WebKey:  # noqa: ANN401  (a parsed JSON value)
    """Read a public key; raise `MalformedError` for a private or symmetric one, and for a weak or unknown kind."""
    from jwt import PyJWK
    from jwt.exceptions import PyJWTError

    if not isinstance(jwk, dict):
        raise MalformedError(where, "a JSON Web Key", "something else")
    if _PRIVATE & jwk.keys():
        raise MalformedError(where, "a public key", "a private or symmetric one")
    kty, crv, kid = jwk.get("kty"), jwk.get("crv"), jwk.get("kid")
    if kid is not None and not isinstance(kid, str):
        raise MalformedError(where, "a kid that is text", "another")
    possible = _ALGORITHMS.get((str(kty), None if kty == "RSA" else str(crv)))
    if possible is None or not all(isinstance(jwk.get(name), str) for name in _REQUIRED[str(kty)]):
        found = f"{kty} {crv or jwk.get('alg') or ''}".strip()[:80]
        raise MalformedError(where, "a whole RSA, P-256, P-384 or Ed25519 key", found)
    if kty == "RSA" and len(_octets(jwk["n"], where)) < _MIN_RSA_BYTES:
        raise MalformedError(where, f"an RSA key of at least {_MIN_RSA_BYTES * 8} bits", "a shorter one")
    algorithms = tuple(name for name in possible if jwk.get("alg", name) == name)
    if not algorithms or jwk.get("use", "sig") != "sig":
        raise MalformedError(where, f"a key that signs with {' or '.join(possible)}", ascii(jwk.get("alg"))[:80])
    try:
        handle = PyJWK(jwk, algorithms[0])
    except (PyJWTError, ValueError, TypeError) as error:
        raise MalformedError(where, "a readable JSON Web Key", type(error).__name__) from error
    thumbprint = hashlib.sha256(canonical.encode_value({name: jwk[name] for name in _REQUIRED[str(kty)]})).hexdigest()
    return WebKey(kid=kid, algorithms=algorithms, thumbprint=thumbprint, handle=handle)


def read_date(claim: Any) -> int | None:  # noqa: ANN401  (a parsed JSON value)
    """Return a NumericDate (RFC 7519, 2) in milliseconds since 1970; None for what is none, or after the year 9999."""
    if isinstance(claim, bool) or not isinstance(claim, int | float) or not 0 <= claim <= _LAST_SECOND:
        return None
    return int(claim * 1000)


def read_keys(octets: bytes, *, where: str) -> tuple[WebKey, ...]:
    """Read a JWK Set; each key of it has to be one that we accept, and no two may have one `kid`."""
    document = strict.parse(octets, where=where)
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list) or not 1 <= len(listed) <= MAX_KEYS:
        raise MalformedError(where, f"a JWK Set of 1 to {MAX_KEYS} keys", "something else")
    keys = tuple(read_key(jwk, where=f"{where}: keys[{number}]") for number, jwk in enumerate(listed))
    named = [key.kid for key in keys]
    if len(set(named)) != len(named):
        raise MalformedError(where, "keys of different kid", "two of one, or without any")
    return keys


def open_token(token: str, keys: tuple[WebKey, ...], *, types: frozenset[str], where: str) -> Opened:
    """Open a compact token that one of `keys` signed and whose `typ` is one of `types`, compared in lower case.

    Raises `MalformedError` or `UntrustedError`. Checks no claim: no time, no issuer, no audience.
    """
    header, claims = _parts(token, types, where)
    kid = header.get("kid")
    candidates = [key for key in keys if kid is None or key.kid in {None, kid}]
    for key in candidates:
        if header["alg"] in key.algorithms and _signed(token, key, header["alg"]):
            return Opened(header=header, claims=claims, key=key)
    raise UntrustedError(where, "the signature of a known key", "none")


def open_proof(token: str, *, types: frozenset[str], where: str) -> Opened:
    """Open a token that carries the key that signed it (RFC 9449, 4.2): it proves to hold that key, and no more."""
    header, claims = _parts(token, types, where)
    key = read_key(header.get("jwk"), where=f"{where}: jwk")
    if header["alg"] not in key.algorithms or not _signed(token, key, header["alg"]):
        raise UntrustedError(where, "the signature of the key that it carries", "another")
    return Opened(header=header, claims=claims, key=key)


def _parts(token: str, types: frozenset[str], where: str) -> tuple[dict[str, Any], dict[str, Any]]:
    parts = token.split(".")
    if len(token) > MAX_TOKEN_BYTES or len(parts) != 3 or not all(parts):  # noqa: PLR2004  (RFC 7515, 7.1)
        raise MalformedError(
            where, f"a compact token of three parts, at most {MAX_TOKEN_BYTES} bytes", "something else"
        )
    header, claims = (strict.parse(_octets(part, where), where=where) for part in parts[:2])
    if not isinstance(header, dict) or not isinstance(claims, dict) or not isinstance(header.get("alg"), str):
        raise MalformedError(where, "objects with an algorithm", "something else")
    if "crit" in header or "b64" in header:
        raise MalformedError(where, "no critical extensions", "some")
    if str(header.get("typ", "")).lower() not in types:
        raise MalformedError(where, f"a token of type {' or '.join(sorted(types))}", ascii(header.get("typ"))[:80])
    return header, claims


def _octets(part: str, where: str) -> bytes:
    """Read unpadded base64url in its canonical form (RFC 7515, 2)."""
    standard = part.replace("-", "+").replace("_", "/")
    if "+" in part or "/" in part or "=" in part:
        raise MalformedError(where, "unpadded base64url", "another alphabet")
    try:
        octets = binascii.a2b_base64(standard + "=" * (-len(standard) % 4), strict_mode=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedError(where, "unpadded base64url", "something else") from error
    if binascii.b2a_base64(octets, newline=False).decode().rstrip("=") != standard:
        raise MalformedError(where, "canonical base64url", "stray bits")
    return octets


def _signed(token: str, key: WebKey, algorithm: str) -> bool:
    from jwt import PyJWS
    from jwt.exceptions import PyJWTError

    try:
        PyJWS(algorithms=[algorithm]).decode(token, key.handle.key, algorithms=[algorithm])
    except (PyJWTError, ValueError, TypeError):
        return False
    return True
