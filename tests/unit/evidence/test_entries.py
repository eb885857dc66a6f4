"""Reading an entry line by a mould and reading it in full accept the same text, and make the same of it."""

from __future__ import annotations

import base64
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attest.codec import canonical, strict
from attest.codec.octets import sha256_hex
from attest.errors import MalformedError
from attest.evidence.grammar import entry_line, entry_parts
from attest.evidence.verify.entries import MAX_BYTES, EntryParts, EntryReader
from attest.evidence.verify.likeness import holes_of
from attest.signing.dsse import Envelope, encode_envelope, sign_envelope
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


ENTRY: Final = b'{"commitment":"' + b"c" * 64 + b'","event":"runtime-measurement"}'


def envelope_in(line: bytes) -> Envelope:
    return strict.read(entry_parts(line)[1], Envelope, where="here")


def line_of(envelope: bytes) -> bytes:
    return entry_line(ENTRY, envelope)


GOOD: Final = line_of(receipt(3))
ALIKE: Final = [line_of(receipt(sequence)) for sequence in range(4, 9)]

PAYLOAD: Final = GOOD.index(b'{"payload":"') + len(b'{"payload":"')
SIGNATURE: Final = len(GOOD) - len(b'"}]}}\n') - 88
BASE64: Final = "ABCxyz019+/=-_ \\"


def in_full(line: bytes) -> EntryParts | str:
    try:
        entry, envelope = entry_parts(line)
        return EntryParts(entry, envelope, strict.read(envelope, Envelope, where="here"))
    except MalformedError as error:
        return str(error).removeprefix("entry line").removeprefix("here")


def read_by(reader: EntryReader, line: bytes) -> EntryParts | str:
    """Read a line without what only the reader knows of it."""
    try:
        found = reader.read(line, "here")
    except MalformedError as error:
        return str(error).removeprefix("here")
    return EntryParts(found.entry, found.receipt, found.envelope)


def by_likeness(line: bytes) -> EntryParts | str:
    """Read something after a good one, and the good one once more."""
    reader = EntryReader()
    assert read_by(reader, GOOD) == in_full(GOOD)
    found = read_by(reader, line)
    assert read_by(reader, GOOD) == in_full(GOOD)
    return found


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
    payload = envelope_in(GOOD).payload
    for begin, end in holes_of(payload):
        for place in (begin, end - 1):
            group = PAYLOAD + place // 3 * 4
            for text in (b"AA==", b"AAA=", b"A==="):
                octets = GOOD[:group] + text + GOOD[group + 4 :]
                assert isinstance(in_full(octets), str)
                assert by_likeness(octets) == in_full(octets)


def test_an_entry_may_be_anything_but_the_end_of_one():
    """What it has to be is compared later; but where it ends, both readings have to see alike."""
    for entry, is_read in ((b"c" * len(ENTRY), True), (ENTRY[:-15] + b',"kind":"entry"', False)):
        line = entry_line(entry, entry_parts(GOOD)[1])
        assert len(line) == len(GOOD)
        assert by_likeness(line) == in_full(line)
        assert isinstance(in_full(line), EntryParts) == is_read


def test_receipts_of_a_run_are_read_by_their_likeness(monkeypatch: pytest.MonkeyPatch):
    assert ALIKE
    reader = EntryReader()
    expected = [in_full(each) for each in ALIKE]
    first = reader.read(GOOD, "here").pieces

    def refuse(*_: object, **__: object) -> Envelope:
        raise AssertionError

    monkeypatch.setattr(strict, "read", refuse)
    assert [read_by(reader, each) for each in ALIKE] == expected
    pieces = [reader.read(each, "here").pieces for each in ALIKE]
    assert first is not None
    assert all(each is not None and each[0] is first[0] and each[1] != first[1] for each in pieces)
    twin = GOOD.replace(WRITER.keyid.encode(), WRITER.keyid.upper().encode())
    with pytest.raises(AssertionError):
        reader.read(twin, "here")


def test_what_a_mould_has_between_its_holes_is_compared():
    """A group of base64 that holds the end of a value holds what follows, too: a name, a comma."""
    payload = envelope_in(GOOD).payload
    for begin, end in holes_of(payload):
        for place in (begin - 1, end):
            other = payload[:place] + b"~" + payload[place + 1 :]
            line = line_of(encode_envelope(sign_envelope(other, WRITER)))
            reader = EntryReader()
            mould = reader.read(GOOD, "here").pieces
            found = reader.read(line, "here")
            assert found.envelope is not None
            assert found.envelope.payload == other
            assert mould is not None
            assert found.pieces is None or found.pieces[0] is not mould[0]


@pytest.mark.parametrize("length", [*range(7), MAX_BYTES])
def test_payloads_of_any_kind_are_read_twice_alike(length: int):
    line = line_of(encode_envelope(sign_envelope(b"n" * length, WRITER)))
    reader = EntryReader()
    assert read_by(reader, line) == read_by(reader, line) == in_full(line)


def test_a_value_in_the_last_group_of_a_payload_is_read_in_full():
    for more in ("", "n", "nn"):
        line = line_of(encode_envelope(sign_envelope(b'"nonce":"%b"' % more.encode(), WRITER)))
        reader = EntryReader()
        assert read_by(reader, line) == read_by(reader, line) == in_full(line)


def test_a_second_signature_is_read_in_full():
    one = envelope_in(GOOD)
    both = line_of(canonical.encode(Envelope(payload=b"p", payload_type="t", signatures=one.signatures * 2)))
    reader = EntryReader()
    assert read_by(reader, both) == read_by(reader, both) == in_full(both)
    assert reader.read(both, "here").pieces is None


def test_any_number_of_lengths_is_read():
    reader = EntryReader()
    for length in range(1, 120, 3):
        line = line_of(encode_envelope(sign_envelope(b"n" * length, WRITER)))
        assert read_by(reader, line) == in_full(line)
