"""Keys, access tokens and proofs of callers, as an authorization server and a client would make them."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from attest.signing.jose import read_key

NOW_MS: Final = 1_790_000_000_000
ISSUER: Final = "https://tokens.example"
AUDIENCE: Final = "https://portal.example/mcp"
URL: Final = "http://127.0.0.1:8080/mcp"


@dataclass(frozen=True)
class Holder:
    """Somebody with a private key."""

    key: Any
    algorithm: str

    @cached_property
    def jwk(self) -> dict[str, Any]:
        """The public half."""
        by_type: dict[str, Any] = {"ES256": ECAlgorithm, "ES384": ECAlgorithm, "EdDSA": OKPAlgorithm}
        written = by_type.get(self.algorithm, RSAAlgorithm).to_jwk(self.key.public_key(), as_dict=True)
        return {name: value for name, value in written.items() if name != "key_ops"}

    @cached_property
    def thumbprint(self) -> str:
        """RFC 7638, hexadecimal."""
        return read_key(self.jwk, where="key").thumbprint

    def sign(self, claims: dict[str, Any], **header: Any) -> str:
        """Return a compact token."""
        return jwt.encode(claims, self.key, algorithm=self.algorithm, headers=header)


def holder(algorithm: str = "ES256") -> Holder:
    """Make a new key."""
    if algorithm == "EdDSA":
        return Holder(ed25519.Ed25519PrivateKey.generate(), algorithm)
    if algorithm.startswith("ES"):
        return Holder(ec.generate_private_key(ec.SECP256R1() if algorithm == "ES256" else ec.SECP384R1()), algorithm)
    return Holder(rsa.generate_private_key(public_exponent=65537, key_size=2048), algorithm)


def jwks(*holders: Holder) -> bytes:
    """Return a JWK Set; the kid is the place in it."""
    return json.dumps({"keys": [each.jwk | {"kid": str(number)} for number, each in enumerate(holders)]}).encode()


def access_token(issuer: Holder, *, typ: str = "at+jwt", **claims: Any) -> str:
    """Return a valid access token of `ISSUER` for `AUDIENCE`, save for what `claims` say; None leaves one out."""
    said = {"iss": ISSUER, "aud": AUDIENCE, "sub": "agent-7", "exp": NOW_MS // 1000 + 300, "iat": NOW_MS // 1000}
    said = {name: value for name, value in {**said, **claims}.items() if value is not None}
    return issuer.sign(said, typ=typ, kid="0")


def proof(caller: Holder, *, token: str | None = None, jwk: Any = None, typ: str = "dpop+jwt", **claims: Any) -> str:
    """Return a valid proof for a POST to `URL` now, save for what `claims` say; None leaves one out."""
    said: dict[str, Any] = {"htm": "POST", "htu": URL, "iat": NOW_MS // 1000, "jti": "one"}
    if token is not None:
        said["ath"] = base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).decode().rstrip("=")
    said = {name: value for name, value in {**said, **claims}.items() if value is not None}
    return caller.sign(said, typ=typ, jwk=caller.jwk if jwk is None else jwk)


def base64url(hexadecimal: str) -> str:
    """Return a digest as JOSE writes it."""
    return base64.urlsafe_b64encode(bytes.fromhex(hexadecimal)).decode().rstrip("=")


def certificate(*uris: str) -> bytes:
    """Return a self-signed client certificate (DER) with these URIs."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "caller")])
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=3650))
    )
    if uris:
        names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri) for uri in uris])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
