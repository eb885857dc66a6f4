"""Keys of algorithms that are not ours."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa, x25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from attest.errors import MalformedError
from attest.signing.keys import private_from_pkcs8, public_from_spki

FOREIGN = [
    rsa.generate_private_key(public_exponent=65537, key_size=2048),
    ec.generate_private_key(ec.SECP384R1()),
    ec.generate_private_key(ec.SECP256K1()),
    ed448.Ed448PrivateKey.generate(),
    x25519.X25519PrivateKey.generate(),
]


@pytest.mark.parametrize("key", FOREIGN, ids=lambda key: type(key).__name__)
def test_a_key_of_another_algorithm_or_curve_is_refused(key):
    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(MalformedError, match="ed25519 or ecdsa-p256"):
        public_from_spki(spki, where="k")
    pkcs8 = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(MalformedError):
        private_from_pkcs8(pkcs8, where="k")


def test_a_compressed_point_is_a_second_spelling_and_refused():
    point = (
        ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    )
    head = bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200")
    with pytest.raises(MalformedError):
        public_from_spki(head + point, where="k")


@pytest.mark.parametrize("octets", [b"", b"\x30", b"\x30\x00", b"not der", b"\x30\x84\xff\xff\xff\xff"])
def test_what_is_no_key_is_malformed(octets):
    with pytest.raises(MalformedError):
        public_from_spki(octets, where="k")
