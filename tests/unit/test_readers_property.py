"""Every reader of a document: any bytes are read, and then in their one form, or refused with an `AttestError`."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.codec import canonical
from attest.codec.strict import MAX_DOCUMENT_BYTES
from attest.errors import AttestError, MalformedError
from tests.fuzz.targets import TARGETS

TOKENS = (
    b"", b" ", b"\n", b"\r\n", b"\n\n", b"\0", b"\xff", b"\xef\xbb\xbf", b"{", b"}", b"[", b"]", b",", b":", b'"',
    b"\\", b"\x1b[2J",
    b"null", b"true", b"NaN", b"-Infinity", b"1e999", b"9007199254740992", b"-0", b"1.0", b"\\ud800", b"\\u0000",
    b"../", b"/etc", b"=", b"====", b"-----BEGIN PUBLIC KEY-----\n", "— ".encode(), b"PK\x05\x06", b"\x1f\x8b\x08",
    b"[" * 2000, b'{"a":' * 2000, "é".encode(), "\u202e".encode(),
)  # fmt: skip

READERS = pytest.mark.parametrize("name", TARGETS)
JSON_READERS = pytest.mark.parametrize("name", [name for name, target in TARGETS.items() if target.json])

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(
        ["", "..", "/", "a//b", "A" * 64, "0" * 64, "0" * 64 + "\n", "2026-02-30T00:00:00.000Z", "derived"]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def check(name: str, octets: bytes) -> None:
    """The law: what is read has the form that it was read in, and nothing but an `AttestError` comes out."""
    try:
        form = TARGETS[name].read(octets)
    except AttestError as error:
        complaint = error
    else:
        assert form is None or form == octets
        return
    assert all((complaint.where, complaint.expected, complaint.found))
    assert str(complaint).isprintable()
    assert ": expected " in str(complaint)


@st.composite
def damaged(draw: st.DrawFn, good: bytes) -> bytes:
    """A good document after one to three cuts, each with something put in its place."""
    octets = good
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(octets)))
        stop = min(len(octets), start + draw(st.sampled_from([0, 0, 1, 1, 2, 16, 64, 512])))
        piece = draw(st.sampled_from(TOKENS) | st.binary(max_size=4) | st.just(octets[start:stop] * 2))
        octets = octets[:start] + piece + octets[stop:]
    return octets


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value in a JSON value, its own first."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for name, below in inner for place in places(below, (*path, name)))]


@st.composite
def edited(draw: st.DrawFn, good: bytes) -> bytes:
    """A good JSON document in which one value is another, is gone, stands twice, or has company; spelled right."""
    root = {"": json.loads(good)}
    path: tuple[Any, ...] = ("", *draw(st.sampled_from(places(root[""]))))
    name: Any = path[-1]
    holder: Any = root
    for step in path[:-1]:
        holder = holder[step]
    match draw(st.sampled_from(["replace", "remove", "repeat", "add"])):
        case "replace":
            holder[name] = draw(VALUES)
        case "remove" if len(path) > 1:
            del holder[name]
        case "repeat" if isinstance(holder, list):
            holder.insert(name, holder[name])
        case _ if isinstance(holder[name], dict):
            holder[name][draw(st.text(max_size=8))] = draw(VALUES)
        case _:
            holder[name] = draw(VALUES)
    try:
        return canonical.encode_value(root[""])
    except MalformedError:
        return json.dumps(root[""]).encode()


@READERS
def test_a_good_document_is_read(name):
    target = TARGETS[name]
    assert target.read(target.good) in {None, target.good}


@READERS
@given(octets=st.binary(max_size=512) | st.lists(st.sampled_from(TOKENS), max_size=6).map(b"".join))
def test_arbitrary_bytes_are_refused_without_a_traceback(name, octets):
    check(name, octets)


@READERS
@given(choices=st.data())
def test_a_damaged_document_is_refused_or_equals_its_one_form(name, choices):
    check(name, choices.draw(damaged(TARGETS[name].good)))


@JSON_READERS
@given(choices=st.data())
def test_an_edited_document_is_refused_or_equals_its_one_form(name, choices):
    check(name, choices.draw(edited(TARGETS[name].good)))


@READERS
def test_a_cut_document_is_refused_at_every_length(name):
    good = TARGETS[name].good
    for length in range(0, len(good), max(1, len(good) // 100)):
        check(name, good[:length])


@JSON_READERS
def test_a_document_above_the_largest_size_is_refused_before_it_is_parsed(name):
    with pytest.raises(MalformedError, match="expected at most") as caught:
        TARGETS[name].read(TARGETS[name].good + b" " * MAX_DOCUMENT_BYTES)
    assert caught.value.found.isdigit()


def test_the_law_finds_a_reader_that_lets_an_exception_through(monkeypatch):
    monkeypatch.setitem(
        TARGETS, "bad", TARGETS["trust"].__class__(good=b"", read=lambda octets: octets.decode().encode())
    )
    with pytest.raises(UnicodeDecodeError):
        check("bad", b"\xff")
