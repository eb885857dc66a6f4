"""Reading an envelope by its likeness and reading it in full accept the same text, and make the same of it."""

from __future__ import annotations

import base64
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attest.codec import canonical, strict
from attest.codec.octets import sha256_hex
from attest.errors import MalformedError
from attest.evidence.verify.envelopes import MAX_BYTES, EnvelopeReader
from attest.evidence.verify.likeness import holes_of
from attest.signing.dsse import Envelope, encode_envelope, read_envelope, sign_envelope
from attest.statement.predicates import runtime_measurement
from attest.statement.predicates.runtime_measurement import RuntimeMeasurement
from attest.statement.statement import make_statement
from tests.documents import SUBJECTS
from tests.log_documents import header, measured
from tests.world import WRITER


def receipt(sequence: int) -> bytes:
    said = RuntimeMeasurement(
        receipt=header(sequence, seconds=sequence + 0.2, previous=sha256_hex(bytes([sequence]))),
        measured=measured(seconds=sequence),
    )
    payload = canonical.encode(make_statement(runtime_measurement.PREDICATE_TYPE, said, SUBJECTS))
    return encode_envelope(sign_envelope(payload, WRITER))


GOOD: Final = receipt(3)
ALIKE: Final = [receipt(sequence) for sequence in range(4, 9)]

PAYLOAD: Final = len(b'{"payload":"')
SIGNATURE: Final = len(GOOD) - len(b'"}]}') - 88
BASE64: Final = "ABCxyz019+/=-_ \\"


def in_full(octets: bytes) -> Envelope | str:
    try:
        return read_envelope(octets + b"\n", where="here")
    except MalformedError as error:
        return str(error)


def by_likeness(octets: bytes) -> Envelope | str:
    """Read something after a good one, and the good one once more."""
    reader = EnvelopeReader()
    assert reader.read(GOOD, "here") == in_full(GOOD)
    try:
        return reader.read(octets, "here")
    except MalformedError as error:
        return str(error)
    finally:
        assert reader.read(GOOD, "here") == in_full(GOOD)


@settings(max_examples=300)
@given(place=st.integers(0, len(GOOD) - 1), other=st.integers(0, 255))
def test_both_readings_agree_on_any_byte(place: int, other: int):
    octets = GOOD[:place] + bytes([other]) + GOOD[place + 1 :]
    assert by_likeness(octets) == in_full(octets)


@settings(max_examples=300)
@given(place=st.integers(PAYLOAD, len(GOOD) - 8), text=st.text(BASE64, min_size=1, max_size=8))
def test_both_readings_agree_on_whatever_is_nearly_base64(place: int, text: str):
    octets = GOOD[:place] + text.encode() + GOOD[place + len(text) :]
    assert by_likeness(octets) == in_full(octets)


@given(place=st.integers(0, len(GOOD)), more=st.text(BASE64, min_size=1, max_size=5).map(str.encode))
def test_both_readings_agree_on_what_is_longer_or_shorter(place: int, more: bytes):
    for octets in (GOOD[:place] + more + GOOD[place:], GOOD[:place] + GOOD[place + len(more) :]):
        assert by_likeness(octets) == in_full(octets)


def test_a_second_spelling_of_a_signature_is_refused():
    """The last two bits before the padding mean nothing to most decoders."""
    end = SIGNATURE + 86
    for last in b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/":
        octets = GOOD[: end - 1] + bytes([last]) + GOOD[end:]
        assert by_likeness(octets) == in_full(octets)
    twin = GOOD[: end - 1] + bytes([GOOD[end - 1] + 1]) + GOOD[end:]
    assert base64.b64decode(twin[SIGNATURE : end + 2]) == base64.b64decode(GOOD[SIGNATURE : end + 2])
    assert isinstance(by_likeness(twin), str)


def test_padding_inside_a_payload_is_refused():
    payload = strict.read(GOOD, Envelope, where="here").payload
    for begin, end in holes_of(payload):
        for place in (begin, end - 1):
            group = PAYLOAD + place // 3 * 4
            for text in (b"AA==", b"AAA=", b"A==="):
                octets = GOOD[:group] + text + GOOD[group + 4 :]
                assert isinstance(in_full(octets), str)
                assert by_likeness(octets) == in_full(octets)


def test_receipts_of_a_run_are_read_by_their_likeness(monkeypatch: pytest.MonkeyPatch):
    assert ALIKE
    reader = EnvelopeReader()
    expected = [in_full(each) for each in ALIKE]
    reader.read(GOOD, "here")

    def refuse(*_: object, **__: object) -> Envelope:
        raise AssertionError

    monkeypatch.setattr(strict, "read", refuse)
    assert [reader.read(each, "here") for each in ALIKE] == expected
    twin = GOOD.replace(WRITER.keyid.encode(), WRITER.keyid.upper().encode())
    with pytest.raises(AssertionError):
        reader.read(twin, "here")


@pytest.mark.parametrize("length", [*range(7), MAX_BYTES])
def test_payloads_of_any_kind_are_read_twice_alike(length: int):
    octets = encode_envelope(sign_envelope(b"n" * length, WRITER))
    reader = EnvelopeReader()
    assert reader.read(octets, "here") == reader.read(octets, "here") == in_full(octets)


def test_a_second_signature_is_read_in_full():
    one = strict.read(GOOD, Envelope, where="here")
    both = canonical.encode(Envelope(payload=b"p", payload_type="t", signatures=one.signatures * 2))
    reader = EnvelopeReader()
    assert reader.read(both, "here") == reader.read(both, "here") == in_full(both)


def test_any_number_of_lengths_is_read():
    reader = EnvelopeReader()
    for length in range(1, 120, 3):
        octets = encode_envelope(sign_envelope(b"n" * length, WRITER))
        assert reader.read(octets, "here") == in_full(octets)
