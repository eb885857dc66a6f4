"""Entries: one sequence of bytes each, nothing but structure in them."""

from __future__ import annotations

import hashlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.errors import MalformedError
from attest.tlog.entry import GENESIS, EntryWriter, LogEntry, encode_entry, entry_digest, read_entry
from attest.tlog.origin import new_origin

ENTRY = LogEntry(
    origin="attest.log/00112233445566778899aabbccddeeff",
    event="runtime-measurement",
    sequence=7,
    time="2026-11-22T12:00:00.000Z",
    previous=GENESIS,
    commitment="ab" * 32,
)


def test_an_entry_has_exactly_these_bytes():
    assert encode_entry(ENTRY) == (
        b'{"commitment":"' + b"ab" * 32 + b'","event":"runtime-measurement",'
        b'"origin":"attest.log/00112233445566778899aabbccddeeff","previous":"' + b"0" * 64 + b'",'
        b'"sequence":7,"time":"2026-11-22T12:00:00.000Z"}'
    )


@given(st.integers(0, 2**53 - 1), st.binary(min_size=32, max_size=32))
def test_an_entry_is_read_as_it_was_written(sequence, commitment):
    entry = msgspec.structs.replace(ENTRY, sequence=sequence, commitment=commitment.hex())
    assert read_entry(encode_entry(entry), where="entry") == entry


@given(st.text(min_size=1, max_size=8), st.integers(0, 2**53 - 1), st.binary(min_size=32, max_size=32))
def test_entries_are_written_as_they_are_encoded(origin, sequence, commitment):
    entry = msgspec.structs.replace(ENTRY, origin=origin, sequence=sequence, commitment=commitment.hex())
    written = EntryWriter(origin).write(
        event=entry.event,
        sequence=sequence,
        time=entry.time,
        previous=entry.previous,
        commitment=entry.commitment,
    )
    assert written == encode_entry(entry)


def test_the_digest_of_an_entry_is_the_hash_of_its_bytes():
    octets = encode_entry(ENTRY)
    assert entry_digest(octets) == hashlib.sha256(octets).hexdigest()


@pytest.mark.parametrize(
    ("fault", "old", "new"),
    [
        ("a field more", b'"event"', b'"a":1,"event"'),
        ("a field less", b'"sequence":7,', b""),
        ("a negative number", b'"sequence":7', b'"sequence":-7'),
        ("a number as text", b'"sequence":7', b'"sequence":"7"'),
        ("a number too large", b'"sequence":7', b'"sequence":9007199254740992'),
        ("upper-case digits", b"ab" * 32, b"AB" * 32),
        ("a short digest", b"ab" * 32, b"ab" * 31),
        ("a time with an offset", b"000Z", b"000+00:00"),
        ("a day that no calendar has", b"2026-11-22", b"2026-11-31"),
        ("white space", b'":7', b'": 7'),
        ("another order", b'"commitment":"' + b"ab" * 32 + b'",', b""),
        ("a key twice", b'"sequence":7', b'"sequence":7,"sequence":7'),
        ("an empty origin", b"attest.log/00112233445566778899aabbccddeeff", b""),
        ("invalid UTF-8", b"runtime", b"\xff"),
    ],
)
def test_an_entry_with_a_fault_is_refused(fault, old, new):
    octets = encode_entry(ENTRY)
    assert old in octets
    with pytest.raises(MalformedError):
        read_entry(octets.replace(old, new, 1), where="entry")


def test_an_oversized_entry_is_refused_unread():
    with pytest.raises(MalformedError, match="at most 65536 bytes"):
        read_entry(b" " * 65537, where="entry")


def test_no_two_logs_share_an_origin():
    origins = {new_origin() for _ in range(100)}
    assert len(origins) == 100
    assert all(len(origin) == len("attest.log/") + 32 for origin in origins)
