"""The contract that every signature algorithm keeps."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.errors import MalformedError
from attest.signing.algorithms import ALGORITHMS, DEFAULT
from attest.signing.keys import PrivateKey, generate, private_from_pkcs8, public_from_spki


@pytest.fixture(params=ALGORITHMS, scope="module")
def key(request) -> PrivateKey:
    return generate(ALGORITHMS[request.param])


def test_the_default_has_a_row():
    assert DEFAULT == "ed25519"
    assert DEFAULT in ALGORITHMS


@pytest.mark.parametrize("name", ALGORITHMS)
def test_a_row_stands_under_its_name(name):
    assert ALGORITHMS[name].name == name


def test_a_key_belongs_to_one_row(key):
    def owners(load, der):
        found = []
        for row in ALGORITHMS.values():
            try:
                load(row)(der)
            except ValueError:
                continue
            found.append(row.name)
        return found

    assert owners(lambda row: row.load_private, key.pkcs8()) == [key.algorithm.name]
    assert owners(lambda row: row.load_public, key.public.spki) == [key.algorithm.name]
    assert owners(lambda row: row.load_public, key.pkcs8()) == []


@given(message=st.binary())
def test_what_was_signed_verifies(key, message):
    assert key.public.verify(key.sign(message), message)


@given(position=st.integers(0, 1000), bit=st.integers(0, 7), message=st.binary(min_size=1, max_size=40))
def test_one_changed_bit_of_message_or_signature_does_not(key, position, bit, message):
    def changed(octets: bytes) -> bytes:
        at = position % len(octets)
        return octets[:at] + bytes([octets[at] ^ 1 << bit]) + octets[at + 1 :]

    signature = key.sign(message)
    assert not key.public.verify(changed(signature), message)
    assert not key.public.verify(signature, changed(message))


@given(signature=st.binary(max_size=200))
def test_any_bytes_instead_of_a_signature_are_answered_with_no(key, signature):
    assert not key.public.verify(signature, b"message")


def test_a_cut_or_lengthened_signature_does_not_verify(key):
    signature = key.sign(b"m")
    assert not key.public.verify(signature[:-1], b"m")
    assert not key.public.verify(signature + b"\0", b"m")


def test_another_key_of_the_same_algorithm_does_not_verify(key):
    assert not generate(key.algorithm).public.verify(key.sign(b"m"), b"m")


def test_a_key_is_named_by_the_digest_of_its_public_half(key):
    assert key.keyid == key.public.keyid == hashlib.sha256(key.public.spki).hexdigest()


def test_a_key_survives_its_encoding(key):
    assert public_from_spki(key.public.spki, where="k") == key.public
    assert private_from_pkcs8(key.pkcs8(), where="k").public == key.public
    assert hash(public_from_spki(key.public.spki, where="k")) == hash(key.public)


def test_der_with_trailing_bytes_is_refused(key):
    with pytest.raises(MalformedError):
        public_from_spki(key.public.spki + b"\0", where="k")
    with pytest.raises(MalformedError):
        private_from_pkcs8(key.pkcs8() + b"\0", where="k")


@given(data=st.data())
def test_der_with_a_changed_byte_is_refused_or_another_key(key, data):
    octets = bytearray(key.public.spki)
    octets[data.draw(st.integers(0, len(octets) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        other = public_from_spki(bytes(octets), where="k")
    except MalformedError:
        return
    assert other.keyid != key.keyid


@given(data=st.data())
def test_a_private_key_with_a_changed_byte_is_refused_or_a_whole_key(key, data):
    octets = bytearray(key.pkcs8())
    octets[data.draw(st.integers(0, len(octets) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        other = private_from_pkcs8(bytes(octets), where="k")
    except MalformedError:
        return
    assert other.public.verify(other.sign(b"m"), b"m")


def test_a_key_shows_nothing_of_its_private_half(key):
    assert repr(key) == f"PrivateKey({key.algorithm.name}, {key.keyid[:16]}…)"
    assert key.pkcs8().hex()[-32:] not in repr(key)


def test_a_note_is_signed_under_a_name(key):
    text = f"log.example\n3\n{'A' * 43}=\n"
    signature = key.sign_note("log.example", text, at=1_700_000_000)
    assert key.public.verify_note("log.example", text, signature)
    assert not key.public.verify_note("log.example", text.replace("3", "4"), signature)
    assert not key.public.verify_note("log.example", text, signature[:-1])
    assert not key.public.verify_note("log.example", text, b"")
    assert not generate(key.algorithm).public.verify_note("log.example", text, signature)


def test_a_note_key_id_has_four_bytes_and_depends_on_the_key(key):
    assert len(key.public.note_key_id("n")) == 4
    assert key.public.note_key_id("n") != generate(key.algorithm).public.note_key_id("n")
