"""ML-DSA: its one form of key, what is signed in a note, and a library that has none of it."""

import base64
import contextlib
import hashlib
import json
import struct
from pathlib import Path

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import mldsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from attest.errors import MalformedError, UnavailableError, UntrustedError
from attest.signing.algorithms import ALGORITHMS
from attest.signing.cosigned import cosigned_message
from attest.signing.keys import PrivateKey, generate, private_from_pkcs8, public_from_spki
from attest.signing.note import MAX_NOTE_BYTES, MAX_SIGNATURES, open_note, sign_note
from tests.ml_dsa_keys import EXPANDED_BYTES, IDENTIFIERS, NAMES, SIGNATURE_BYTES, der, key_of, pkcs8
from tests.world import STRANGER

BY_ANOTHER = json.loads(Path(__file__).with_name("ml_dsa_by_another.json").read_text())
"""Deterministic signatures, and checkpoints, that another implementation made with keys of these seeds."""

ORIGIN = "log.example/1"
TEXT = f"{ORIGIN}\n3\n{base64.b64encode(b'r' * 32).decode()}\n"
AT = 1_700_000_000
EIGHT = 8
KEY_ID = 4


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


def written_in(note: bytes) -> bytes:
    return base64.b64decode(note.rpartition(b" ")[2])


def note_of(signed: bytes, key: PrivateKey) -> bytes:
    written = base64.b64encode(key.public.note_key_id(ORIGIN) + signed).decode()
    return f"{TEXT}\n— {ORIGIN} {written}\n".encode()


def open_(note: bytes, key: PrivateKey) -> str:
    return open_note(note, ORIGIN, key.public, where="note")


@pytest.mark.parametrize("row", BY_ANOTHER, ids=lambda row: row["algorithm"])
def test_a_seed_makes_the_key_that_it_makes_elsewhere_and_what_that_signed_verifies(row):
    key = private_from_pkcs8(pkcs8(row["algorithm"], der(0x80, bytes.fromhex(row["seed"]))), where="k").public
    assert hashlib.sha256(key._handle.public_bytes_raw()).hexdigest() == row["publicKeySha256"]
    message, signature = base64.b64decode(row["message"]), base64.b64decode(row["signature"])
    assert len(signature) == SIGNATURE_BYTES[row["algorithm"]]
    assert key.verify(signature, message)
    assert not key.verify(signature, message + b"\0")


@pytest.mark.parametrize("row", BY_ANOTHER, ids=lambda row: row["algorithm"])
def test_a_checkpoint_that_another_implementation_signed_is_opened(row):
    key = private_from_pkcs8(pkcs8(row["algorithm"], der(0x80, bytes.fromhex(row["seed"]))), where="k").public
    note = row["checkpoint"].encode()
    assert open_note(note, ORIGIN, key, where="note").startswith(f"{ORIGIN}\n20852163\n")
    with pytest.raises(UntrustedError, match="bad one"):
        open_note(note.replace(b"20852163", b"20852164"), ORIGIN, key, where="note")


def test_a_signature_has_no_context_and_is_over_the_message_itself(name):
    key = key_of(name)
    key._handle.public_key().verify(key.sign(b"m"), b"m", b"")
    assert not key.public.verify(key._handle.sign(b"m", b"another context"), b"m")


def test_two_signatures_of_one_message_differ_and_both_verify(name):
    key = key_of(name)
    one, other = key.sign(b"m"), key.sign(b"m")
    assert one != other
    assert key.public.verify(one, b"m")
    assert key.public.verify(other, b"m")


def test_keys_are_written_as_the_library_writes_them(name):
    key = key_of(name)
    handle = key._handle
    assert key.pkcs8() == handle.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    public = handle.public_key()
    assert key.public.spki == public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert EIGHT < len(key.pkcs8()) < 60


def test_any_form_of_a_private_key_but_the_seed_alone_is_refused(name):
    seed, expanded = key_of(name)._handle.private_bytes_raw(), bytes(EXPANDED_BYTES[name])
    both = der(0x30, der(0x04, seed) + der(0x04, expanded))
    forms = [
        both,
        der(0x04, expanded),
        der(0x80, seed[:-1]),
        der(0x80, seed + b"\0"),
        der(0x80, seed) + b"\0",
        der(0xA0, der(0x04, seed)),
        der(0x04, seed),
        seed,
        b"",
    ]
    good = pkcs8(name, der(0x80, seed))
    assert private_from_pkcs8(good, where="k").keyid == key_of(name).keyid
    with_parameters = pkcs8(name, der(0x80, seed), parameters=b"\x05\x00")
    with_public_half = der(0x30, good[2:].replace(b"\x02\x01\x00", b"\x02\x01\x01", 1) + der(0x81, b"\0\1"))
    for octets in (*(pkcs8(name, form) for form in forms), with_parameters, with_public_half, good + b"\0", good[:-1]):
        with pytest.raises(MalformedError, match="of ML-DSA the seed alone"):
            private_from_pkcs8(octets, where="k")


def test_a_public_key_has_one_form(name):
    raw = key_of(name)._handle.public_key().public_bytes_raw()

    def spki(key: bytes, unused: bytes = b"\0", parameters: bytes = b"") -> bytes:
        return der(0x30, der(0x30, IDENTIFIERS[name] + parameters) + der(0x03, unused + key))

    assert public_from_spki(spki(raw), where="k") == key_of(name).public
    for octets in (spki(raw[:-1]), spki(raw + b"\0"), spki(raw, b"\1"), spki(raw, parameters=b"\x05\x00"), raw):
        with pytest.raises(MalformedError):
            public_from_spki(octets, where="k")


def test_a_key_of_one_set_is_no_key_of_another():
    for one in NAMES:
        for other in set(NAMES) - {one}:
            spki = key_of(one).public.spki.replace(IDENTIFIERS[one], IDENTIFIERS[other])
            with pytest.raises(MalformedError):
                public_from_spki(spki, where="k")


@pytest.mark.parametrize("kind", ["PrivateKey", "PublicKey"])
def test_a_library_without_it_is_unavailable_and_says_what_to_do(kind, name, monkeypatch):
    key = key_of(name)

    def refuse(*_: object) -> None:
        raise UnsupportedAlgorithm(name)

    class Unsupported:
        generate = from_seed_bytes = from_public_bytes = refuse

    def make() -> None:
        if kind == "PublicKey":
            public_from_spki(key.public.spki, where="k")
        else:
            generate(ALGORITHMS[name])

    number = name.removeprefix("ml-dsa-")
    monkeypatch.setattr(mldsa, f"MLDSA{number}{kind}", Unsupported)
    with pytest.raises(UnavailableError, match=name) as caught:
        make()
    assert "pip install --upgrade" in str(caught.value.hint)
    monkeypatch.delattr(mldsa, f"MLDSA{number}{kind}")
    with pytest.raises(UnavailableError):
        make()


def test_a_checkpoint_is_signed_as_c2sp_has_it(name):
    """Put together anew from the specification's structures: tlog-cosignature, signed-note."""
    key = key_of(name)
    octets = written_in(sign_note(TEXT, ORIGIN, key, at=AT))
    label = b"\x06" if name == "ml-dsa-44" else b"\xffmcp-attest.github.io/" + name.encode()
    raw = key._handle.public_key().public_bytes_raw()
    assert octets[:KEY_ID] == hashlib.sha256(ORIGIN.encode() + b"\n" + label + raw).digest()[:KEY_ID]
    assert octets[KEY_ID : KEY_ID + EIGHT] == struct.pack(">Q", AT)
    origin = bytes([len(ORIGIN)]) + ORIGIN.encode()
    message = b"subtree/v1\n\0" + origin + struct.pack(">Q", AT) + origin + struct.pack(">QQ", 0, 3) + b"r" * 32
    signature = octets[KEY_ID + EIGHT :]
    assert len(signature) == SIGNATURE_BYTES[name]
    assert key.public.verify(signature, message)


def test_a_changed_time_or_one_that_no_signature_may_name_is_untrusted(name):
    key = key_of(name)
    signed = written_in(sign_note(TEXT, ORIGIN, key, at=AT))[KEY_ID:]
    late = 2**63
    message = cosigned_message(ORIGIN, TEXT, AT).replace(struct.pack(">Q", AT), struct.pack(">Q", late))
    for octets in (struct.pack(">Q", AT + 1) + signed[EIGHT:], struct.pack(">Q", late) + key.sign(message), b"", b"\0"):
        with pytest.raises(UntrustedError, match="bad one"):
            open_(note_of(octets, key), key)
    assert open_(note_of(signed, key), key) == TEXT


def test_a_signature_over_the_text_itself_is_none(name):
    key = key_of(name)
    for octets in (key.sign(TEXT.encode()), bytes(EIGHT) + key.sign(TEXT.encode())):
        with pytest.raises(UntrustedError, match="bad one"):
            open_(note_of(octets, key), key)


@pytest.mark.parametrize(
    "text",
    [
        "three\nlines\nof text\n",
        TEXT + "extension\n",
        TEXT.replace("3", "03"),
        TEXT.replace("3", "-3"),
        TEXT.replace("3", "3" * 17),
        TEXT.replace(ORIGIN, "o" * 256),
        TEXT.replace(ORIGIN, ""),
        f"{ORIGIN}\n3\n{base64.b64encode(b'r' * 31).decode()}\n",
    ],
)
def test_nothing_but_a_checkpoint_is_signed_or_opened(text):
    key = key_of("ml-dsa-44")
    with pytest.raises(MalformedError):
        sign_note(text, ORIGIN, key)
    assert not key.public.verify_note(ORIGIN, text, bytes(EIGHT + SIGNATURE_BYTES["ml-dsa-44"]))


@given(
    st.lists(
        st.tuples(
            st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=4),
            st.integers(0, 40),
            st.binary(min_size=32, max_size=32),
            st.integers(0, 3),
        ),
        min_size=2,
        max_size=2,
    )
)
def test_what_is_signed_of_two_different_checkpoints_differs(checkpoints):
    def message(origin: str, size: int, root: bytes, at: int) -> bytes:
        return cosigned_message(origin, f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n", at)

    one, other = checkpoints
    assert (message(*one) == message(*other)) == (one == other)


@given(st.text(max_size=60) | st.text("\n09A=", max_size=60))
def test_any_text_is_a_checkpoint_or_refused_and_nothing_else_happens(text):
    with contextlib.suppress(MalformedError):
        assert cosigned_message("n", text, 0).startswith(b"subtree/v1\n\0")


def test_a_note_has_room_for_as_many_of_the_largest_signatures_as_it_may_have():
    key = key_of("ml-dsa-87")
    line = sign_note(TEXT, "w" * 255, key).rpartition(b"\n\n")[2]
    ours = sign_note(TEXT, ORIGIN, key)
    note = ours + line * (MAX_SIGNATURES - 1)
    assert len(note) < MAX_NOTE_BYTES
    assert open_(note, key) == TEXT
    with pytest.raises(UntrustedError):
        open_note(note, ORIGIN, STRANGER.public, where="note")
