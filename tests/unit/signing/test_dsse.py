"""DSSE: the published example, and every way in which an envelope is not what it has to be."""

from __future__ import annotations

import base64
import json

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from attest.codec.octets import to_base64
from attest.errors import AttestError, MalformedError, UntrustedError
from attest.signing.algorithms import ALGORITHMS
from attest.signing.algorithms.ecdsa_p256 import ECDSA_P256
from attest.signing.dsse import (
    Envelope,
    Signature,
    encode_envelope,
    open_envelope,
    open_foreign_envelope,
    pae,
    payload_of,
    read_envelope,
    read_foreign_envelope,
    sign_envelope,
    sign_to_octets,
)
from attest.signing.keyring import KeyRing, Verified
from attest.signing.keys import PrivateKey, PublicKey, generate
from tests.world import SEALER, SECOND_SEALER, STRANGER, make_ring, sign_foreign

HELLO = "http://example.com/HelloWorld"
PAYLOAD = b'{"a":1}'
ENVELOPE = sign_envelope(PAYLOAD, SEALER)
RING = make_ring(SEALER)
BOTH = make_ring(SEALER, SECOND_SEALER, threshold=2)


def signed_by(*keys: PrivateKey, payload: bytes = PAYLOAD) -> Envelope:
    signatures = tuple(sign_envelope(payload, key).signatures[0] for key in keys)
    return msgspec.structs.replace(sign_envelope(payload, SEALER), signatures=signatures)


def open_(envelope: Envelope, ring: KeyRing = RING) -> bytes:
    return open_envelope(envelope, ring, where="e").value


def foreign(octets: bytes, ring: KeyRing = RING) -> bytes:
    return open_foreign_envelope(read_foreign_envelope(octets, where="e"), ring, where="e").value


# The example of the protocol's own text (secure-systems-lab/dsse, protocol.md, "Test Vectors").

PUBLISHED_SIGNATURE = base64.b64decode(
    "A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA=="
)
PUBLISHED_KEY = ec.EllipticCurvePublicNumbers(
    x=46950820868899156662930047687818585632848591499744589407958293238635476079160,
    y=5640078356564379163099075877009565129882514886557779369047442380624545832820,
    curve=ec.SECP256R1(),
).public_key()


def published(signature: bytes) -> bytes:
    document = {"payload": "aGVsbG8gd29ybGQ=", "payloadType": HELLO, "signatures": [{"sig": to_base64(signature)}]}
    return json.dumps(document).encode()


def test_the_signed_bytes_are_those_of_the_published_example():
    assert pae(HELLO, b"hello world") == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


def test_the_signed_bytes_count_bytes_and_not_characters():
    assert pae("ä", "ö\n".encode()) == "DSSEv1 2 ä 3 ö\n".encode()
    assert pae("", b"") == b"DSSEv1 0  0 "


def test_the_published_signature_verifies_once_it_is_in_der():
    half = len(PUBLISHED_SIGNATURE) // 2
    numbers = (int.from_bytes(PUBLISHED_SIGNATURE[:half]), int.from_bytes(PUBLISHED_SIGNATURE[half:]))
    ring = KeyRing(role="builder", keys=(PublicKey(ECDSA_P256, PUBLISHED_KEY),))
    assert foreign(published(encode_dss_signature(*numbers)), ring) == b"hello world"
    with pytest.raises(UntrustedError):
        foreign(published(PUBLISHED_SIGNATURE), ring)


@given(st.text(max_size=5), st.binary(max_size=5), st.text(max_size=5), st.binary(max_size=5))
def test_two_messages_never_have_the_same_signed_bytes(kind, payload, other_kind, other):
    same = (kind, payload) == (other_kind, other)
    assert (pae(kind, payload) == pae(other_kind, other)) is same


# Envelopes of ours.


@given(st.binary(max_size=40))
def test_an_envelope_is_written_at_once_as_it_is_encoded(payload):
    key = generate(ALGORITHMS["ed25519"])
    assert sign_to_octets(payload, key) == encode_envelope(sign_envelope(payload, key))


@pytest.mark.parametrize("name", ALGORITHMS)
def test_an_envelope_is_opened_by_the_ring_of_its_signer(name):
    key = generate(ALGORITHMS[name])
    octets = encode_envelope(sign_envelope(PAYLOAD, key))
    opened = open_envelope(read_envelope(octets, where="e"), make_ring(key, role="writer"), where="e")
    assert (opened.value, opened.role, opened.signers) == (PAYLOAD, "writer", (key.public,))


def test_an_envelope_has_one_form_and_a_line_feed_after_it_is_allowed():
    octets = encode_envelope(ENVELOPE)
    assert read_envelope(octets, where="e") == read_envelope(octets + b"\n", where="e") == ENVELOPE
    for other in (octets + b"\n\n", octets + b" ", b" " + octets, octets.replace(b",", b", ", 1)):
        with pytest.raises(MalformedError):
            read_envelope(other, where="e")


def test_a_key_outside_the_ring_is_untrusted():
    for ring in (make_ring(SECOND_SEALER), make_ring()):
        with pytest.raises(UntrustedError, match="trusted sealer key"):
            open_(ENVELOPE, ring)


def test_a_key_id_that_was_changed_to_a_trusted_one_is_untrusted():
    (signature,) = sign_envelope(PAYLOAD, STRANGER).signatures
    forged = msgspec.structs.replace(signature, keyid=SEALER.keyid)
    with pytest.raises(UntrustedError, match="bad one"):
        open_(msgspec.structs.replace(ENVELOPE, signatures=(forged,)))


def test_a_changed_payload_or_payload_type_is_untrusted():
    with pytest.raises(UntrustedError):
        open_(msgspec.structs.replace(ENVELOPE, payload=b'{"a":2}'))
    with pytest.raises(UntrustedError):
        open_(msgspec.structs.replace(ENVELOPE, payload_type="text/plain"))


def test_a_signature_over_the_bare_payload_is_untrusted():
    bare = Signature(keyid=SEALER.keyid, sig=SEALER.sign(PAYLOAD))
    with pytest.raises(UntrustedError):
        open_(msgspec.structs.replace(ENVELOPE, signatures=(bare,)))


def test_the_same_key_twice_never_makes_two_signatures():
    with pytest.raises(UntrustedError):
        open_(signed_by(SEALER, SEALER), BOTH)
    with pytest.raises(UntrustedError):
        open_(signed_by(SEALER, SEALER))


def test_exactly_the_threshold_is_demanded():
    assert open_(signed_by(SEALER, SECOND_SEALER), BOTH) == PAYLOAD
    assert open_(signed_by(SECOND_SEALER, SEALER), BOTH) == PAYLOAD
    for envelope, ring in ((ENVELOPE, BOTH), (signed_by(SEALER, SECOND_SEALER), make_ring(SEALER, SECOND_SEALER))):
        with pytest.raises(UntrustedError):
            open_(envelope, ring)


def test_one_bad_signature_beside_good_ones_is_untrusted():
    for stranger in (signed_by(SEALER, STRANGER), signed_by(STRANGER, SEALER)):
        with pytest.raises(UntrustedError):
            open_(stranger, BOTH)


@pytest.mark.parametrize(
    "change",
    [
        {"payload": "e"},
        {"payload": "eyJhIjoxfQ"},
        {"payload": "eyJhIjoxfR=="},
        {"payload": 1},
        {"payloadType": ""},
        {"payloadType": "x\n"},
        {"payloadType": "ä"},
        {"signatures": []},
        {"signatures": [{"keyid": SEALER.keyid, "sig": "A"}]},
        {"signatures": [{"keyid": "", "sig": ""}]},
        {"signatures": [{"sig": "AAAA"}]},
        {"signatures": [{"keyid": SEALER.keyid.upper(), "sig": "AAAA"}]},
        {"signatures": [{"keyid": SEALER.keyid, "sig": "AAAA", "cert": "x"}]},
        {"signatures": [{"keyid": SEALER.keyid, "sig": "AAAA"}] * 17},
        {"more": 1},
    ],
)
def test_an_envelope_of_another_form_is_malformed(change):
    document = {**json.loads(encode_envelope(ENVELOPE)), **change}
    octets = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    with pytest.raises(MalformedError):
        open_(read_envelope(octets, where="e"))


@given(st.data())
def test_any_changed_byte_of_an_envelope_is_refused(data):
    octets = bytearray(encode_envelope(ENVELOPE))
    octets[data.draw(st.integers(0, len(octets) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(AttestError):
        open_(read_envelope(bytes(octets), where="e"))


def test_a_payload_can_be_shown_without_being_believed():
    assert payload_of(signed_by(STRANGER), where="e") == PAYLOAD
    with pytest.raises(MalformedError):
        payload_of(msgspec.structs.replace(ENVELOPE, payload=""), where="e")


def test_nobody_else_makes_a_verified_value():
    with pytest.raises(TypeError):
        Verified(object(), b"", "sealer", ())


def test_a_reading_keeps_its_signers():
    opened = open_envelope(ENVELOPE, RING, where="e").reading(1)
    assert (opened.value, opened.signers, opened.role) == (1, (SEALER.public,), "sealer")


# Envelopes of others.


def test_a_foreign_envelope_may_have_any_layout_any_alphabet_and_more_fields():
    payload = b"\xff\xfe\xfd?>"
    document = json.loads(sign_foreign(payload, SEALER))
    document["payload"] = base64.urlsafe_b64encode(payload).decode()
    signature = base64.b64decode(document["signatures"][0]["sig"])
    document["signatures"] = [{"sig": base64.urlsafe_b64encode(signature).decode(), "cert": "x"}]
    assert foreign(json.dumps({**document, "more": [1.5]}, indent=3).encode()) == payload


@pytest.mark.parametrize("keyid", ["", "SHA256:x", STRANGER.keyid])
def test_a_foreign_key_id_is_only_a_hint(keyid):
    document = json.loads(sign_foreign(PAYLOAD, SEALER))
    document["signatures"][0]["keyid"] = keyid
    assert foreign(json.dumps(document).encode()) == PAYLOAD


def test_foreign_signatures_by_strangers_are_ignored_and_keys_are_counted_once():
    assert foreign(sign_foreign(PAYLOAD, STRANGER, SEALER)) == PAYLOAD
    assert foreign(sign_foreign(PAYLOAD, STRANGER, SECOND_SEALER, SEALER), BOTH) == PAYLOAD
    for octets in (sign_foreign(PAYLOAD, SEALER, SEALER), sign_foreign(PAYLOAD, SEALER, STRANGER)):
        with pytest.raises(UntrustedError):
            foreign(octets, BOTH)


@pytest.mark.parametrize(
    "change",
    [
        {"payload": "*"},
        {"payload": None},
        {"payloadType": None},
        {"signatures": None},
        {"signatures": {}},
        {"signatures": [{}]},
        {"signatures": [{"sig": "*"}]},
        {"signatures": [{"sig": "AAAA"}] * 65},
    ],
)
def test_a_foreign_envelope_of_another_form_is_malformed(change):
    with pytest.raises(MalformedError):
        foreign(json.dumps({**json.loads(sign_foreign(PAYLOAD, SEALER)), **change}).encode())


def test_a_foreign_envelope_without_signatures_is_untrusted():
    for signatures in ([], [{"sig": ""}]):
        with pytest.raises(UntrustedError):
            foreign(json.dumps({**json.loads(sign_foreign(PAYLOAD, SEALER)), "signatures": signatures}).encode())


@pytest.mark.parametrize("field", ["payload", "payloadType", "signatures"])
def test_a_foreign_envelope_without_a_field_or_with_two_of_it_is_malformed(field):
    document = json.loads(sign_foreign(PAYLOAD, SEALER))
    twice = b"{" + json.dumps({field: document[field]}).encode()[1:-1] + b"," + json.dumps(document).encode()[1:]
    del document[field]
    for octets in (twice, json.dumps(document).encode()):
        with pytest.raises(MalformedError):
            foreign(octets)
