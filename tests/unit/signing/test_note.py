"""C2SP signed notes."""

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from attest.codec.octets import to_base64
from attest.errors import AttestError, MalformedError, UntrustedError
from attest.signing.algorithms import ALGORITHMS
from attest.signing.algorithms.ed25519 import ED25519
from attest.signing.keys import PublicKey, generate
from attest.signing.note import MAX_NOTE_BYTES, MAX_SIGNATURES, open_note, read_text, sign_note
from tests.world import SECOND_WRITER, STRANGER, WRITER

NAME = "log.example/1"
ROOT = f"{'A' * 43}=\n"
TEXT = f"log.example/1\n3\n{ROOT}"
NOTE = sign_note(TEXT, NAME, WRITER)


def open_(octets, name=NAME, key=WRITER) -> str:
    return open_note(octets, name, key.public, where="note")


def signature_line(key, name=NAME, text=TEXT) -> bytes:
    return sign_note(text, name, key).rpartition(b"\n\n")[2]


@pytest.mark.parametrize("name", ALGORITHMS)
def test_a_note_is_opened_by_its_signer(name):
    key = generate(ALGORITHMS[name])
    note = sign_note(TEXT, NAME, key)
    assert open_(note, key=key) == TEXT
    assert read_text(note, where="note") == TEXT


def test_a_note_has_the_form_of_the_specification():
    text, _, line = NOTE.decode().rpartition("\n\n")
    assert f"{text}\n" == TEXT
    dash, name, written = line.removesuffix("\n").split(" ")
    octets = base64.b64decode(written)
    assert (dash, name) == ("—", NAME)
    raw = WRITER._handle.public_key().public_bytes_raw()
    assert octets[:4] == hashlib.sha256(NAME.encode() + b"\n\x01" + raw).digest()[:4]
    assert len(octets) == 4 + 64


@pytest.mark.parametrize("bad", ["\x1b[31m", "\t", "\x7f\x00"])
def test_no_line_of_a_note_holds_a_control_character(bad: str):
    """Those of others' signatures neither: a checkpoint is printed."""
    for line in (bad, f"— na{bad}me AAAA"):
        with pytest.raises(MalformedError):
            read_text(f"{TEXT}{line}\n".encode() if line == bad else NOTE + f"{line}\n".encode(), where="note")


def test_the_published_example_of_the_go_implementation_opens():
    # golang.org/x/mod/sumdb/note, the example of the package's documentation.
    key = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    note = (
        "If you think cryptography is the answer to your problem,\n"
        "then you don't know what your problem is.\n"
        "\n"
        "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
    )
    raw = base64.b64decode(key.split("+", 2)[2])[1:]
    public = PublicKey(ED25519, Ed25519PublicKey.from_public_bytes(raw))
    assert open_note(note.encode(), "PeterNeumann", public, where="note").startswith("If you think")


def test_another_key_or_another_name_is_untrusted():
    with pytest.raises(UntrustedError):
        open_(NOTE, key=SECOND_WRITER)
    with pytest.raises(UntrustedError):
        open_(NOTE, name="log.example/2")


def test_a_signature_that_only_claims_the_name_is_untrusted():
    line = signature_line(STRANGER)
    forged = to_base64(WRITER.public.note_key_id(NAME) + base64.b64decode(line.split(b" ")[2])[4:])
    with pytest.raises(UntrustedError, match="bad one"):
        open_(f"{TEXT}\n— {NAME} {forged}\n".encode())


@pytest.mark.parametrize("altered", [TEXT.replace("3", "4"), TEXT + "more\n", TEXT.removesuffix(ROOT), "\n" + TEXT])
def test_an_altered_text_is_untrusted(altered):
    with pytest.raises(UntrustedError):
        open_(NOTE.replace(TEXT.encode(), altered.encode()))


def test_signatures_of_others_are_ignored_wherever_they_stand():
    others = [signature_line(STRANGER, "witness"), signature_line(STRANGER), b"\xe2\x80\x94 x AAAA\n"]
    ours = signature_line(WRITER)
    for lines in ([*others, ours], [ours, *others], [others[0], ours, others[1]]):
        assert open_(f"{TEXT}\n".encode() + b"".join(lines)) == TEXT
    with pytest.raises(UntrustedError, match="found 0"):
        open_(f"{TEXT}\n".encode() + b"".join(others))


def test_our_signature_twice_is_refused():
    with pytest.raises(UntrustedError, match="found 2"):
        open_(NOTE + signature_line(WRITER))


def test_a_text_may_hold_empty_lines():
    text = "a\n\nb\n\n— not a signature\n"
    assert open_(sign_note(text, NAME, WRITER)) == text


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\n\n",
        TEXT.encode(),
        NOTE[:-1],
        NOTE + b"\n",
        NOTE.replace(b"\n\n", b"\n"),
        NOTE.replace("—".encode(), b"-"),
        NOTE.replace("— ".encode(), "—  ".encode()),
        NOTE.replace(b"=\n", b"\n"),
        NOTE + b"text\n",
        NOTE + "— x\n".encode(),
        NOTE + "— x y z\n".encode(),
        NOTE.replace(b"\n", b"\r\n"),
        NOTE.replace(b"3", b"\x00"),
        NOTE.replace(b"3", b"\xff"),
        NOTE + signature_line(STRANGER) * MAX_SIGNATURES,
        b"x" * MAX_NOTE_BYTES + NOTE,
    ],
)
def test_a_note_of_another_form_is_malformed(octets):
    with pytest.raises(MalformedError):
        open_(octets)


@given(st.data())
def test_any_changed_byte_of_a_note_is_refused(data):
    octets = bytearray(NOTE)
    octets[data.draw(st.integers(0, len(octets) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(AttestError):
        open_(bytes(octets))


@given(st.binary(max_size=80))
def test_any_bytes_are_refused_and_nothing_else_happens(octets):
    with pytest.raises(AttestError):
        open_(octets)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\u2003b", "\x00"])
def test_a_key_name_that_no_note_can_hold_is_refused(name):
    with pytest.raises(MalformedError):
        sign_note(TEXT, name, WRITER)


@pytest.mark.parametrize("text", ["", "no line feed", "a\r\n", "a\x00\n", "a\tb\n"])
def test_a_text_that_no_note_can_hold_is_refused(text):
    with pytest.raises(MalformedError):
        sign_note(text, NAME, WRITER)
