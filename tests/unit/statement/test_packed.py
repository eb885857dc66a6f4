"""What is packed is what it was: files and entries are found again, and only what is as sealed counts as settled."""

from __future__ import annotations

import hashlib

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from attest.statement.levels import Origin
from attest.statement.manifest import Entry, FileKind
from attest.statement.observation import Observed
from attest.statement.packed_entries import KnownDigests, PackedEntries, SealedDigests, pack_entries
from attest.statement.packed_files import PackedFiles, as_packed
from attest.statement.together import Together
from tests.packing import pack_files, unpacked

PATHS = st.lists(st.text("abé\U00010000", min_size=1, max_size=2), min_size=1, max_size=3).map("/".join)
DIGESTS = st.binary(min_size=1, max_size=1).map(lambda octets: hashlib.sha256(octets).hexdigest())


@st.composite
def files(draw: st.DrawFn) -> list[Observed]:
    paths = draw(st.lists(PATHS, unique=True, max_size=12))
    return [
        Observed(
            root=draw(st.sampled_from(["tree", "other"])),
            path=path,
            type_=FileKind.FILE,
            size=draw(st.integers(0, 2**53)),
            sha256=draw(DIGESTS),
            executable=draw(st.booleans()),
            special=draw(st.sampled_from([False, False, True])),
            device=draw(st.integers(1, 2**64 - 1)),
            inode=draw(st.integers(1, 2**64 - 1)),
        )
        for path in paths
    ]


@st.composite
def entries(draw: st.DrawFn) -> list[Entry]:
    paths = draw(st.lists(PATHS, unique=True, max_size=12))
    return [draw(entry_at(path)) for path in paths]


@st.composite
def entry_at(draw: st.DrawFn, path: str) -> Entry:
    kind = draw(st.sampled_from(["plain", "plain", "link", "derived", "seen"]))
    if kind == "plain":
        return Entry(
            root="tree",
            path=path,
            type_=FileKind.FILE,
            origin=draw(st.sampled_from([Origin.BUILT, Origin.LISTED, Origin.LOCKED, Origin.SITE])),
            size=draw(st.integers(0, 2**53)),
            sha256=draw(DIGESTS),
            executable=draw(st.booleans()),
            artifact=draw(st.none() | st.integers(0, 4095)),
        )
    if kind == "link":
        return Entry(root="tree", path=path, type_=FileKind.LINK, origin=Origin.BUILT, target="elsewhere")
    return Entry(
        root="tree",
        path=path,
        type_=FileKind.FILE,
        origin=Origin.DERIVED,
        rank=Origin.BUILT,
        rule="python-bytecode",
        inputs=("tree/a.py",),
        seen=draw(DIGESTS) if kind == "seen" else None,
    )


def as_sealed(entry: Entry) -> Observed:
    if entry.type_ is FileKind.LINK:
        return Observed(root=entry.root, path=entry.path, type_=FileKind.LINK, target=entry.target)
    return Observed(
        root=entry.root,
        path=entry.path,
        type_=FileKind.FILE,
        size=7 if entry.size is None else entry.size,
        sha256=entry.sha256 or entry.seen or "0" * 64,
        executable=bool(entry.executable),
    )


def settled_files(packed: PackedEntries, seen: PackedFiles) -> set[str]:
    rest = {path for (_, path), _ in seen.outside(packed.settled(seen))}
    return {path for _, path in seen} - rest


@given(seen=files())
def test_packed_files_are_the_same_files(seen: list[Observed]) -> None:
    packed, plain = pack_files(seen), {each.key: each for each in seen}
    assert unpacked(packed) == plain
    assert {key: packed[key] for key in plain} == plain
    assert set(packed) == set(plain)
    assert len(packed) == len(plain)
    assert packed.bytes_hashed() == sum(each.size or 0 for each in seen)
    assert packed.count_hashed() == len(seen)
    assert packed.all_folders() == as_packed(plain).all_folders()
    for each in seen:
        assert each in list(packed.having(frozenset({each.inode or 0})))


@given(seen=files(), path=PATHS)
def test_what_was_not_seen_is_not_found(seen: list[Observed], path: str) -> None:
    packed = pack_files(seen)
    for key in (("tree", path), ("other", path), ("none", path), ("tree", f"{path}/deeper")):
        assert (key in packed) == (key in {each.key for each in seen})
        assert packed.get(key) == {each.key: each for each in seen}.get(key)
    assert None not in packed


@given(made=entries())
def test_packed_entries_are_the_same_entries(made: list[Entry]) -> None:
    packed, plain = pack_entries(made), {(each.root, each.path): each for each in made}
    assert dict(packed.items()) == plain
    assert {key: packed[key] for key in plain} == plain
    assert len(packed) == len(plain)
    assert dict(packed.outside(frozenset())) == plain
    assert set(packed.paths_in("tree")) == {each.path for each in made}
    assert list(packed.paths_in("other")) == []
    known = {key: each.sha256 for key, each in plain.items() if each.sha256 is not None}
    assert dict(KnownDigests(packed)) == known
    assert len(KnownDigests(packed)) == len(known)
    assert None not in KnownDigests(packed)
    digests = [digest for each in made for digest in (each.sha256, each.seen) if digest is not None]
    assert sorted(SealedDigests(packed)) == sorted(digests)
    assert all(digest in SealedDigests(packed) for digest in digests)
    assert "1" * 64 not in SealedDigests(packed)
    assert None not in SealedDigests(packed)


@given(made=entries())
def test_a_directory_whose_plain_files_are_as_sealed_is_settled(made: list[Entry]) -> None:
    packed, seen = pack_entries(made), pack_files([as_sealed(each) for each in made])
    settled = packed.settled(seen)
    by_folder: dict[str, set[str]] = {}
    for each in made:
        if each.type_ is FileKind.FILE:
            kind = "derived" if each.rule and not each.seen else "seen" if each.seen else "plain"
            by_folder.setdefault(each.path.rpartition("/")[0], set()).add(kind)
    assert settled == {("tree", folder) for folder, kinds in by_folder.items() if kinds in ({"plain"}, {"seen"})}
    assert packed.count_derived(settled) == sum(
        each.seen is not None and ("tree", each.path.rpartition("/")[0]) in settled for each in made
    )


@given(made=entries(), data=st.data())
def test_no_directory_with_a_changed_file_is_settled(made: list[Entry], data: st.DataObject) -> None:
    files = [each for each in made if each.sha256 is not None or each.seen is not None]
    if not files:
        return
    one = data.draw(st.sampled_from(files))
    real = as_sealed(one)
    fields: dict[str, object] = data.draw(
        st.sampled_from(
            [
                {"sha256": "f" * 64},
                {"executable": not real.executable},
                {"special": True},
                *([] if one.size is None else [{"size": (real.size or 0) + 1}]),
            ]
        )
    )
    seen = [msgspec.structs.replace(real, **fields) if each is one else as_sealed(each) for each in made]
    assert one.path not in settled_files(pack_entries(made), pack_files(seen))
    without = [as_sealed(each) for each in made if each is not one]
    above = ("tree", one.path.rpartition("/")[0])
    assert above not in pack_entries(made).settled(pack_files(without))


@given(one=st.dictionaries(st.integers(0, 5), st.integers()), other=st.dictionaries(st.integers(0, 5), st.integers()))
def test_mappings_together_are_as_if_they_were_one(one: dict[int, int], other: dict[int, int]) -> None:
    both = Together((one, other))
    assert dict(both) == {**one, **other}
    assert len(both) == len({**one, **other})
    assert 6 not in both
