"""The manifest: one form, sorted, whole."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.codec import canonical
from attest.errors import AttestError, MalformedError
from attest.statement.levels import Origin
from attest.statement.manifest import (
    MANIFEST_SCHEMA,
    MAX_LINE_BYTES,
    Entry,
    FileKind,
    Root,
    Scope,
    entry_key,
    read_manifest,
    write_manifest,
)

TREE = Root(name="tree", scope=Scope.EXACT, mutable=("cache",))
PREFIX = Root(name="prefix", scope=Scope.LISTED, mutable=())
SHA256 = "0" * 64
FILE: dict[str, Any] = {
    "kind": "entry",
    "root": "tree",
    "path": "m",
    "type": "file",
    "origin": "built",
    "size": 1,
    "sha256": SHA256,
    "executable": False,
}
DERIVED: dict[str, Any] = {
    "kind": "entry",
    "root": "tree",
    "path": "m",
    "type": "file",
    "origin": "derived",
    "rank": "built",
    "rule": "python-bytecode",
    "inputs": ["tree/m.py"],
}
LINK: dict[str, Any] = {"kind": "entry", "root": "tree", "path": "m", "type": "link", "origin": "site", "target": "x"}


def file(path: str, root: str = "tree") -> Entry:
    return Entry(root=root, path=path, type_=FileKind.FILE, origin=Origin.BUILT, size=0, sha256=SHA256, executable=True)


def lines(*entries: Entry, roots: tuple[Root, ...] = (PREFIX, TREE)) -> list[bytes]:
    return list(write_manifest(roots, entries))


def with_entry(value: dict[str, Any]) -> list[bytes]:
    first, _, last = lines(file("x"))
    return [first, canonical.encode_value({name: one for name, one in value.items() if one is not None}) + b"\n", last]


def refused(given_: list[bytes], fault: str = "") -> None:
    with pytest.raises(MalformedError) as caught:
        read_manifest(given_, where="m")
    assert caught.value.where.startswith("m")
    assert fault in str(caught.value)


PATHS = st.lists(st.text("ab/é\U0001f600\ufb33.", min_size=1, max_size=6), unique=True, max_size=6)


@given(PATHS)
def test_a_manifest_is_read_back_as_it_was_written(paths):
    try:
        entries = sorted((file(path, root) for path in paths for root in ("tree", "prefix")), key=entry_key)
    except MalformedError:
        return
    header, read = read_manifest(lines(*entries), where="m")
    assert header.schema == MANIFEST_SCHEMA
    assert header.roots == (PREFIX, TREE)
    assert read == tuple(entries)


def test_entries_sort_by_root_and_then_by_the_bytes_of_the_path():
    paths = ["a", "a.b", "a/b", "\ufb33", "\U0001f600"]
    mixed = [file("\U0001f600"), file("a/b"), file("z", "prefix"), file("a"), file("\ufb33"), file("a.b")]
    assert [entry.path for entry in sorted(mixed, key=entry_key)] == ["z", *paths]


@pytest.mark.parametrize("value", [FILE, DERIVED, LINK, {**DERIVED, "type": "link"}, {**LINK, "target": "../../x\n"}])
def test_each_kind_of_entry_is_read(value):
    assert len(read_manifest(with_entry(value), where="m")[1]) == 1


@pytest.mark.parametrize(
    ("value", "change"),
    [
        (FILE, {"sha256": None}),
        (FILE, {"size": None}),
        (FILE, {"executable": None}),
        (FILE, {"target": "x"}),
        (FILE, {"rule": "python-bytecode"}),
        (FILE, {"rank": "built"}),
        (FILE, {"inputs": ["tree/x"]}),
        (FILE, {"origin": "derived"}),
        (FILE, {"origin": "good"}),
        (FILE, {"type": "directory"}),
        (FILE, {"type": "link"}),
        (FILE, {"size": -1}),
        (FILE, {"size": 2**53 - 1 + 1.5}),
        (FILE, {"sha256": SHA256[1:]}),
        (FILE, {"sha256": "F" * 64}),
        (FILE, {"executable": 1}),
        (FILE, {"root": "elsewhere"}),
        (FILE, {"root": "Tree"}),
        (FILE, {"path": "/m"}),
        (FILE, {"path": "../m"}),
        (FILE, {"path": "a//m"}),
        (FILE, {"path": "a/"}),
        (FILE, {"path": "a\\m"}),
        (FILE, {"path": "a\nm"}),
        (FILE, {"path": ""}),
        (FILE, {"path": "x" * 4097}),
        (FILE, {"more": 1}),
        (FILE, {"kind": "file"}),
        (DERIVED, {"rule": None}),
        (DERIVED, {"rank": None}),
        (DERIVED, {"rank": "derived"}),
        (DERIVED, {"rule": "Python"}),
        (DERIVED, {"origin": "built"}),
        (DERIVED, {"sha256": SHA256}),
        (DERIVED, {"sha256": SHA256, "size": 1, "executable": True}),
        (DERIVED, {"target": "x"}),
        (LINK, {"target": None}),
        (LINK, {"sha256": SHA256}),
        (LINK, {"size": 1}),
        (LINK, {"executable": False}),
        (LINK, {"origin": "derived", "rank": "site", "rule": "venv-link"}),
    ],
)
def test_an_entry_whose_fields_do_not_fit_is_malformed(value, change):
    refused(with_entry({**value, **change}))


def test_a_manifest_that_was_cut_anywhere_is_malformed():
    whole = b"".join(lines(file("a"), file("b")))
    for length in range(len(whole)):
        refused(whole[:length].splitlines(keepends=True))


@given(st.data())
def test_any_changed_byte_of_a_manifest_is_refused_or_another_manifest(data):
    whole = b"".join(lines(file("a"), file("b")))
    octets = bytearray(whole)
    octets[data.draw(st.integers(0, len(octets) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        header, entries = read_manifest(bytes(octets).splitlines(keepends=True), where="m")
    except AttestError:
        return
    assert b"".join(write_manifest(header.roots, entries, header.artifacts)) == octets
    assert octets != whole


@pytest.mark.parametrize(
    ("order", "fault"),
    [
        ([], "first and a last line"),
        ([0], "cut"),
        ([0, 1, 2], "cut"),
        ([1, 2, 3], "header, entries, end"),
        ([0, 0, 1, 2, 3], "header, entries, end"),
        ([0, 1, 2, 3, 3], "header, entries, end"),
        ([0, 1, 2, 3, 2], "header, entries, end"),
        ([3], "header, entries, end"),
        ([0, 2, 1, 3], "sorted"),
        ([0, 1, 1, 3], "sorted"),
        ([0, 1, 3], "2 entries"),
        ([0, 3], "2 entries"),
    ],
)
def test_lines_that_are_missing_doubled_or_swapped_are_malformed(order, fault):
    good = lines(file("a"), file("b"))
    refused([good[number] for number in order], fault)


@pytest.mark.parametrize("line", [b"\n", b"", b"{}\n", b"[]\n", b"null\n", b'{"kind":"x"}\n', b"\xff\n", b" \n"])
def test_a_line_that_is_none_of_a_manifest_is_malformed(line):
    first, *rest = lines(file("x"))
    refused([first, line, *rest])


def test_a_line_over_the_limit_is_malformed():
    link = msgspec.convert({**LINK, "target": "x" * MAX_LINE_BYTES}, Entry)
    refused(lines(link), f"at most {MAX_LINE_BYTES}")


@pytest.mark.parametrize(
    "roots",
    [
        (),
        (TREE, TREE),
        (TREE, Root(name="tree", scope=Scope.LISTED, mutable=())),
        (Root(name="tree", scope=Scope.EXACT, mutable=("/var",)),),
        (Root(name="tree", scope=Scope.EXACT, mutable=("..",)),),
        (Root(name="Tree", scope=Scope.EXACT, mutable=()),),
        (Root(name="tree/x", scope=Scope.EXACT, mutable=()),),
    ],
)
def test_roots_that_are_missing_doubled_or_misnamed_are_malformed(roots):
    refused(lines(roots=roots))


def test_an_unknown_schema_is_malformed():
    first, last = lines()
    refused([first.replace(b"v0.1", b"v0.2"), last])
