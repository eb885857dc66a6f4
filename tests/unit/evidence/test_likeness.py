"""Reading by likeness and reading in full accept the same receipts, and make the same of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.codec import canonical
from attest.codec.octets import sha256_hex
from attest.errors import MalformedError
from attest.evidence.grammar import entry_line
from attest.evidence.verify.entries import EntryParts, EntryReader
from attest.evidence.verify.likeness import Likeness, ReceiptReader, holes_of
from attest.evidence.verify.lines import Lines
from attest.evidence.verify.told import Told, read_told
from attest.signing.dsse import Envelope, encode_envelope, open_envelope, read_envelope, sign_envelope
from attest.statement.predicates import runtime_measurement
from attest.statement.predicates.runtime_measurement import (
    Measured,
    MeasuredUpstream,
    RuntimeMeasurement,
    Sight,
    Window,
)
from attest.statement.statement import make_statement
from tests.documents import SUBJECTS
from tests.evidence_story import change
from tests.laws import examples
from tests.log_documents import BUNDLE, LOG, header, measured
from tests.world import WRITER, make_ring

RING: Final = make_ring(WRITER, role="writer")
EVENT: Final = "runtime-measurement"
LIKE: Final = change(
    measured(seconds=10),
    runtime=sha256_hex(b"a runtime"),
    coverage__upstream=MeasuredUpstream(url="https://far.example/", definitions=sha256_hex(b"definitions")),
    coverage__sight=Sight(lease=True, fine_ctime=True, mapped_files=False, memory=True, events=False),
)
WINDOW: Final = Window(
    first=0, last=9, began_at="2026-11-22T12:00:00.000Z", largest_gap_milliseconds=10_001, head=sha256_hex(b"a head")
)
SAID: Final = RuntimeMeasurement(receipt=header(7, seconds=10.2, previous=sha256_hex(b"6")), measured=LIKE)


def payload_of(said: RuntimeMeasurement) -> bytes:
    return canonical.encode(make_statement(runtime_measurement.PREDICATE_TYPE, said, SUBJECTS))


GOOD: Final = payload_of(SAID)

TEXTS = st.one_of(
    st.text(max_size=5),
    st.text("0123456789abcdef", min_size=32, max_size=32),
    st.text("0123456789abcdef", min_size=64, max_size=64),
    st.sampled_from(["A" * 32, "a" * 31 + "\n", "٣" * 16, "2026-11-22T12:00:10.250Z", "2026-02-30T12:00:10.250Z"]),
    st.sampled_from(["2026-11-22T24:00:10.250Z", "2026-11-22t12:00:10.250Z", "2026-11-22T12:00:60.000Z"]),
)
NUMBERS = st.one_of(st.integers(-1, 300), st.integers(2**53 - 2, 2**53 + 1), st.just(10**15), st.just(1.5))
"""For every field of any kind: what it may hold, what it may not, and what is nearly right."""


ENTRY = b'{"event":"runtime-measurement"}'
"""As much of an entry as tells that lines like it are worth a mould."""


class Readers:
    """Those of a bundle's lines and of its receipts, one behind the other."""

    def __init__(self) -> None:
        self.entries = EntryReader()
        self.receipts = ReceiptReader()

    def read(self, envelope: Envelope) -> Told:
        parts = self.entries.read(entry_line(ENTRY, encode_envelope(envelope)), "here")
        assert parts.envelope == envelope
        opened = open_envelope(parts.envelope, RING, where="here")
        return self.receipts.read(parts.envelope, opened, parts.pieces, EVENT, "here")


def in_full(payload: bytes) -> Told | str:
    envelope = sign_envelope(payload, WRITER)
    try:
        return read_told(envelope, open_envelope(envelope, RING, where="here"), EVENT, "here")
    except MalformedError as error:
        return str(error)


def by_likeness(readers: Readers, payload: bytes) -> Told | str:
    try:
        return readers.read(sign_envelope(payload, WRITER))
    except MalformedError as error:
        return str(error)


def good() -> Told:
    told = in_full(GOOD)
    assert isinstance(told, Told)
    return told


def values_of(payload: bytes) -> tuple[bytes, ...]:
    return tuple(payload[begin:end] for begin, end in holes_of(payload))


def primed() -> Readers:
    readers = Readers()
    assert by_likeness(readers, GOOD) == in_full(GOOD)
    return readers


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [place for key, each in inner for place in places(each, (*path, key))]
    return found if isinstance(value, dict | list) else [path]


@given(data=st.data())
def test_both_readings_agree_whatever_stands_in_a_field(data: st.DataObject):
    value = json.loads(GOOD)
    for _ in range(data.draw(st.integers(1, 3))):
        *way, last = data.draw(st.sampled_from(places(value)))
        holder = value
        for key in way:
            holder = holder[key]
        holder[last] = data.draw(TEXTS if isinstance(holder[last], str) else NUMBERS)
    octets = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
    reader = primed()
    assert by_likeness(reader, octets) == in_full(octets)
    assert by_likeness(reader, GOOD) == in_full(GOOD)


@examples(4)
@given(place=st.integers(0, len(GOOD) - 1), other=st.integers(0, 255))
def test_both_readings_agree_on_any_byte(place: int, other: int):
    octets = GOOD[:place] + bytes([other]) + GOOD[place + 1 :]
    assert by_likeness(primed(), octets) == in_full(octets)


@given(data=st.data())
def test_both_readings_agree_on_digits_of_any_kind(data: st.DataObject):
    """Numbers of the same length: leading zeros, signs, and what Python alone reads as one."""
    name = data.draw(st.sampled_from([b'"bootTimeMilliseconds":', b'"oldestHashAgeMilliseconds":', b'"sequence":']))
    begin = GOOD.index(name) + len(name)
    end = min(at for at in (GOOD.find(b",", begin), GOOD.find(b"}", begin)) if at > 0)
    digits = data.draw(st.text("0123456789+-_ .e", min_size=end - begin, max_size=end - begin)).encode()
    octets = GOOD[:begin] + digits + GOOD[end:]
    assert by_likeness(primed(), octets) == in_full(octets)


def test_both_readings_agree_on_the_largest_number():
    reader = Readers()
    largest = payload_of(change(SAID, receipt__boot_time_milliseconds=2**53 - 1))
    assert by_likeness(reader, largest) == in_full(largest)
    larger = largest.replace(b"%d" % (2**53 - 1), b"%d" % 2**53)
    assert isinstance(in_full(larger), str)
    assert by_likeness(reader, larger) == in_full(larger)


def test_another_payload_type_is_refused_all_the_same():
    envelope = sign_envelope(GOOD, WRITER, payload_type="text/plain")
    with pytest.raises(MalformedError, match="payloadType"):
        primed().read(envelope)


def test_a_window_is_read_in_full():
    said = change(SAID, measured__window=WINDOW)
    told = in_full(payload_of(said))
    assert isinstance(told, Told)
    assert Likeness.of(values_of(payload_of(said)), told) is None
    assert by_likeness(Readers(), payload_of(said)) == told


def test_a_measurement_of_the_same_run_is_read_by_its_likeness():
    """Every field but the window is set, so that a new one which the likeness does not know fails here."""
    fields = RuntimeMeasurement.__struct_fields__ + Measured.__struct_fields__ + SAID.receipt.__struct_fields__
    for name in {*fields, *LIKE.coverage.__struct_fields__} - {"window"}:
        assert any(getattr(each, name, None) is not None for each in (SAID, LIKE, SAID.receipt, LIKE.coverage)), name
    other = RuntimeMeasurement(
        receipt=header(8, seconds=11.3, previous=sha256_hex(b"7")),
        measured=change(LIKE, started_at="2026-11-22T12:00:11.000Z", coverage__oldest_hash_age_milliseconds=317),
    )
    likeness = Likeness.of(values_of(GOOD), good())
    assert likeness is not None
    assert likeness.read(values_of(payload_of(other)), (WRITER.public,), "here") == in_full(payload_of(other))


def test_receipts_of_a_run_are_read_in_full_but_once(monkeypatch: pytest.MonkeyPatch):
    readers = primed()
    other = payload_of(change(SAID, receipt__sequence=8))
    expected = in_full(other)

    def refuse(*_: object, **__: object) -> Told:
        raise AssertionError

    monkeypatch.setattr("attest.evidence.verify.likeness.read_told", refuse)
    assert by_likeness(readers, other) == expected
    with pytest.raises(AssertionError):
        by_likeness(readers, other.replace(b'"sequence":8', b'"sequence":x'))


@pytest.mark.parametrize("name", ["pid", "files", "uid"])
def test_another_process_or_coverage_is_not_alike(name: str):
    value = json.loads(GOOD)
    coverage = value["predicate"]["measured"]["coverage"]
    holder = coverage if name in coverage else coverage["process"]
    holder[name] += 1
    told = by_likeness(primed(), canonical.encode_value(value))
    assert isinstance(told, Told)
    assert told == in_full(canonical.encode_value(value))
    assert name == "files" or told.lasting != good().lasting


def test_no_likeness_is_taken_of_what_it_would_not_give_back():
    assert Likeness.of(values_of(GOOD), msgspec.structs.replace(good(), sequence=8)) is None
    assert Likeness.of(values_of(GOOD)[1:], good()) is None
    assert Likeness.of((*values_of(GOOD), b"1"), good()) is None


def test_any_number_of_lengths_is_read():
    reader = Readers()
    for length in range(1, 80):
        octets = payload_of(change(SAID, receipt__boot_id="b" * length))
        assert by_likeness(reader, octets) == in_full(octets)


ENVELOPE: Final = LOG[0].envelope
LINE: Final = next(line for line in BUNDLE.splitlines(keepends=True) if line.startswith(b'{"entry"'))


def is_read_after_a_good_one(receipt: bytes) -> bool:
    lines = BUNDLE.splitlines(keepends=True)
    before = lines[: lines.index(LINE) + 1]
    return is_read(lambda: list(Lines([*before, LINE.replace(ENVELOPE, receipt)])))


def is_read(read: Callable[[], object]) -> bool:
    try:
        read()
    except MalformedError:
        return False
    return True


@given(data=st.data())
def test_after_a_good_envelope_the_same_are_refused(data: st.DataObject):
    value = json.loads(ENVELOPE)
    if data.draw(st.booleans()):
        value["payloadType"] = data.draw(st.one_of(st.text(max_size=3), st.sampled_from(["x\x7f", "x" * 257, ""])))
    else:
        keyid = st.sampled_from(["A" * 64, "a" * 64, "a" * 63, "a" * 64 + "\n", ""])
        more = data.draw(st.lists(st.fixed_dictionaries({"keyid": keyid, "sig": st.just("AAAA")}), max_size=18))
        value["signatures"] = value["signatures"][: data.draw(st.integers(0, 1))] + more
    octets = json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode()
    assert is_read_after_a_good_one(octets) == is_read(lambda: read_envelope(octets, where="here"))


def test_the_good_envelope_is_read_again():
    assert is_read_after_a_good_one(ENVELOPE)


def test_an_envelope_is_all_of_its_bytes():
    for line in Lines(BUNDLE.splitlines(keepends=True)):
        if isinstance(line.record, EntryParts):
            assert line.record.envelope is not None
            assert encode_envelope(line.record.envelope) == line.record.receipt
