"""Keys that a caller gives to verify with: what cosign and in-toto sign with holds, and nothing weaker or odder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from attest.errors import MalformedError, UnavailableError
from attest.signing.foreign_keys import parse_foreign_key
from attest.signing.given_keys import GivenKey, load_given
from attest.signing.keyfiles import public_pem as our_pem
from attest.signing.keys import PublicKey
from tests.foreign_keys import RSA, SECP384R1, given_key, public_pem
from tests.world import BUILDER

MESSAGE = b"DSSEv1 4 type 4 body"


def pss(digest: hashes.HashAlgorithm, salt: int) -> bytes:
    return RSA.sign(MESSAGE, padding.PSS(padding.MGF1(digest), salt), digest)


@pytest.mark.parametrize(
    ("key", "signature"),
    [
        (SECP384R1, SECP384R1.sign(MESSAGE, ec.ECDSA(hashes.SHA384()))),
        (SECP384R1, SECP384R1.sign(MESSAGE, ec.ECDSA(hashes.SHA256()))),
        (RSA, RSA.sign(MESSAGE, padding.PKCS1v15(), hashes.SHA256())),
        (RSA, pss(hashes.SHA256(), 32)),
        (RSA, pss(hashes.SHA256(), 222)),
    ],
    ids=["P-384", "P-384 with SHA-256", "cosign's RSA", "in-toto's RSA", "the longest salt"],
)
def test_what_the_field_signs_with_holds(key: Any, signature: bytes) -> None:
    assert given_key(key).verify(signature, MESSAGE)
    assert not given_key(key).verify(signature, MESSAGE + b"x")
    assert not given_key(key).verify(signature[:-1] + bytes([signature[-1] ^ 1]), MESSAGE)
    for other in (RSA, SECP384R1):
        assert given_key(other).verify(signature, MESSAGE) is (other is key)


@pytest.mark.parametrize(
    ("key", "signature"),
    [
        (SECP384R1, SECP384R1.sign(MESSAGE, ec.ECDSA(hashes.SHA1()))),
        (RSA, RSA.sign(MESSAGE, padding.PKCS1v15(), hashes.SHA1())),
        (RSA, pss(hashes.SHA1(), 20)),
        (RSA, pss(hashes.SHA512(), 64)),
        (RSA, RSA.sign(MESSAGE, padding.PSS(padding.MGF1(hashes.SHA1()), 32), hashes.SHA256())),
        (RSA, b""),
        (SECP384R1, b""),
    ],
    ids=["P-384 SHA-1", "RSA SHA-1", "PSS SHA-1", "PSS SHA-512", "PSS with a SHA-1 mask", "RSA none", "P-384 none"],
)
def test_what_is_weak_or_unheard_of_does_not(key: Any, signature: bytes) -> None:
    assert not given_key(key).verify(signature, MESSAGE)


def test_pss_is_for_given_keys_and_not_for_sigstores() -> None:
    assert not parse_foreign_key(public_pem(RSA), where="pub").verify(pss(hashes.SHA256(), 32), MESSAGE)


@pytest.mark.parametrize("key", [RSA, SECP384R1], ids=["RSA", "P-384"])
def test_a_foreign_key_is_read_and_shows_its_name(key: Any, tmp_path: Path) -> None:
    (tmp_path / "pub").write_bytes(public_pem(key))
    found = load_given(tmp_path / "pub")
    assert isinstance(found, GivenKey)
    assert found.keyid == given_key(key).keyid
    assert found.keyid[:16] in repr(found)


def test_a_key_of_ours_stays_one(tmp_path: Path) -> None:
    (tmp_path / "pub").write_bytes(our_pem(BUILDER.public))
    found = load_given(tmp_path / "pub")
    assert isinstance(found, PublicKey)
    assert found == BUILDER.public


@pytest.mark.parametrize(
    "octets",
    [
        public_pem(rsa.generate_private_key(public_exponent=65537, key_size=1024)),
        public_pem(ed448.Ed448PrivateKey.generate()),
        public_pem(ec.derive_private_key(7, ec.SECP256K1())),
        SECP384R1.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.PKCS1),
        public_pem(RSA) + public_pem(SECP384R1),
        b"ssh-rsa AAAA",
        b"",
    ],
    ids=["RSA of 1024 bits", "Ed448", "secp256k1", "a private key", "PKCS #1", "two keys", "an SSH key", "nothing"],
)
def test_another_key_is_refused(octets: bytes, tmp_path: Path) -> None:
    (tmp_path / "pub").write_bytes(octets)
    with pytest.raises(MalformedError) as refused:
        load_given(tmp_path / "pub")
    assert refused.value.where == str(tmp_path / "pub")


def test_a_key_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError):
        load_given(tmp_path / "pub")
