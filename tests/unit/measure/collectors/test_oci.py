"""Container images: from a digest down to the files that a container sees, every step of it checked."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from attest.errors import MalformedError, RefusedError, UnavailableError
from attest.measure import expansion
from attest.measure.binding import Archive
from attest.measure.collectors import COLLECTORS
from attest.measure.images import selection
from attest.measure.images.view import View
from tests.images import (
    INDEX,
    LAYER,
    LAYER_GZIP,
    LAYER_ZSTD,
    LOWER,
    MANIFEST,
    SEEN,
    UPPER,
    Image,
    image,
    index_of,
    sha256,
)
from tests.tars import file, header, tar
from tests.wheels import PLAIN, PROGRAM, look, put

OCI = COLLECTORS["oci"]


def read(made: Image, folder: Path, which: str = "") -> Archive:
    return OCI.read(Path(f"{made.write(folder / 'layout')}{which}"))


def test_a_directory_and_a_tar_of_it_are_the_same_image(tmp_path):
    made = image()
    one = read(made, tmp_path)
    other = OCI.read(made.write_tar(tmp_path / "layout.tar"))
    assert (one.members, one.links, one.digest) == (other.members, other.links, other.digest)
    assert f"sha256:{one.digest.sha256}" == made.entries[0]["digest"]
    assert one.aliases == ()
    assert f"sha256:{other.aliases[0].sha256}" == sha256((tmp_path / "layout.tar").read_bytes())
    assert (one.name, one.version) == ("layout", "1.2")
    assert one.purl == f"pkg:oci/layout@sha256%3A{one.digest.sha256}"


def test_whiteouts_opaque_directories_and_replaced_files_are_as_a_container_sees_them(tmp_path):
    archive = read(image(), tmp_path)
    assert {member.path: f"sha256:{member.sha256}" for member in archive.members} == {
        path: sha256(octets) for path, octets in SEEN.items()
    }
    assert [(link.path, link.target) for link in archive.links] == [("usr/bin/also", "tool")]
    assert [member.path for member in archive.members if member.executable] == ["usr/bin/tool"]


def test_all_ways_to_pack_a_layer_make_the_same_files(tmp_path):
    made = Image()
    packed = [made.put(LOWER, LAYER), made.put(zstandard.compress(UPPER), LAYER_ZSTD)]
    made.entries.append(made.manifest((LOWER, UPPER), changes={"layers": packed}))
    pieces = gzip.compress(LOWER[:1024], mtime=0) + gzip.compress(LOWER[1024:], mtime=0)
    parts = Image()
    layers = [parts.put(pieces, LAYER_GZIP), parts.put(gzip.compress(UPPER), LAYER_GZIP)]
    parts.entries.append(parts.manifest((LOWER, UPPER), changes={"layers": layers}))
    assert read(made, tmp_path / "a").members == read(parts, tmp_path / "b").members == read(image(), tmp_path).members


def test_without_the_extra_a_zstd_layer_says_what_to_install(tmp_path, monkeypatch):
    made = Image()
    made.entries.append(made.manifest((LOWER,), changes={"layers": [made.put(zstandard.compress(LOWER), LAYER_ZSTD)]}))
    monkeypatch.setitem(sys.modules, "zstandard", None)
    with pytest.raises(UnavailableError) as caught:
        read(made, tmp_path)
    assert caught.value.hint == "pip install 'mcp-attest[zstd]'"


def platforms() -> tuple[Image, dict[str, Any], dict[str, Any], dict[str, Any]]:
    """An index of two platforms, and an attestation beside them as builders write it."""
    made = Image()
    amd, arm = (
        made.manifest((tar(file("app/x", name.encode())),), platform={"os": "linux", "architecture": name})
        for name in ("amd64", "arm64")
    )
    note = made.manifest(
        (LOWER,),
        platform={"os": "unknown", "architecture": "unknown"},
        annotations={"vnd.docker.reference.type": "attestation-manifest"},
    )
    index = made.index([amd, arm, note], annotations={"org.opencontainers.image.ref.name": "ghcr.example/a/Tool:1"})
    made.entries.append(index)
    return made, amd, arm, index


def test_of_several_platforms_this_machines_is_taken_or_the_one_that_is_named(tmp_path, monkeypatch):
    made, amd, arm, index = platforms()
    monkeypatch.setattr(selection, "here", lambda: "linux/arm64")
    assert f"sha256:{read(made, tmp_path).digest.sha256}" == arm["digest"]
    named = read(made, tmp_path, "@linux/amd64")
    assert f"sha256:{named.digest.sha256}" == amd["digest"]
    assert read(made, tmp_path, f"@{amd['digest']}").digest == named.digest
    assert [f"sha256:{alias.sha256}" for alias in named.aliases] == [index["digest"]]
    assert named.name == "tool"


@pytest.mark.parametrize("which", ["@linux/riscv64", "@sha256:" + "0" * 64, "@ghcr.example/a/Tool:1"])
def test_none_or_several_are_refused_and_those_there_are_named(which, tmp_path):
    made, amd, _, _ = platforms()
    with pytest.raises(RefusedError) as caught:
        read(made, tmp_path, which)
    assert amd["digest"][:19] in str(caught.value)
    assert "PATH@" in str(caught.value.hint)


def without_blob(made: Image, at: int) -> Image:
    made.blobs.pop(list(made.blobs)[at])
    return made


def with_entry(**changes: Any) -> Image:
    made = image()
    made.entries[0] |= changes
    return made


def with_layer(**changes: Any) -> Image:
    made = Image()
    layer = {**made.put(gzip.compress(LOWER), LAYER_GZIP), **changes}
    made.entries.append(made.manifest((LOWER,), changes={"layers": [layer]}))
    return made


def with_blob(change: bytes) -> Image:
    made = image(LOWER)
    first = next(iter(made.blobs))
    made.blobs[first] = change or made.blobs[first][:-1] + b"x"
    return made


def with_diff_ids(diff_ids: list[Any]) -> Image:
    made = Image()
    config = {"rootfs": {"type": "layers", "diff_ids": diff_ids}}
    changes = {"config": made.put(json.dumps(config).encode(), "application/vnd.oci.image.config.v1+json")}
    made.entries.append(made.manifest((LOWER,), changes=changes))
    return made


def nested(depth: int) -> Image:
    made = Image()
    entry = made.manifest((LOWER,))
    for _ in range(depth):
        entry = made.index([entry])
    made.entries.append(entry)
    return made


HOSTILE = {
    "a missing layer": lambda: without_blob(image(LOWER), 0),
    "a missing manifest": lambda: without_blob(image(LOWER), -1),
    "a blob of another digest": lambda: with_blob(b""),
    "a blob that is cut": lambda: with_blob(b"x"),
    "a manifest of another size": lambda: with_entry(size=7),
    "a negative size": lambda: with_entry(size=-1),
    "a size that is a boolean": lambda: with_entry(size=True),
    "a digest of another algorithm": lambda: with_entry(digest="md5:" + "0" * 32),
    "a digest that is a path": lambda: with_entry(digest="sha256:../../../../etc/passwd"),
    "a manifest of an unknown type": lambda: with_entry(mediaType="text/plain"),
    "a layer of an unknown type": lambda: with_layer(mediaType="application/vnd.oci.image.layer.v1.tar+bzip2"),
    "a foreign layer": lambda: with_layer(mediaType="application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"),
    "a layer that lies elsewhere": lambda: with_layer(urls=["https://layers.example/1"]),
    "a layer that is no gzip": lambda: with_layer(mediaType=LAYER),
    "a configuration that is none": lambda: image(LOWER, changes={"config": {"mediaType": "x", "digest": "y"}}),
    "another schema version": lambda: image(LOWER, changes={"schemaVersion": 1}),
    "a manifest that calls itself an index": lambda: image(LOWER, changes={"mediaType": INDEX}),
    "a diffID too few": lambda: with_diff_ids([]),
    "a diffID of another layer": lambda: with_diff_ids([sha256(UPPER)]),
    "a diffID that is none": lambda: with_diff_ids([1]),
    "indexes without end": lambda: nested(6),
}


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_layout_is_refused(make, tmp_path):
    with pytest.raises(MalformedError):
        read(make(), tmp_path)


@pytest.mark.parametrize(
    ("name", "octets"),
    [
        ("oci-layout", b'{"imageLayoutVersion":"2.0.0"}'),
        ("oci-layout", b"[]"),
        ("index.json", b'{"schemaVersion":2,"manifests":[],"manifests":[]}'),
        ("index.json", b'{"schemaVersion":2}'),
        ("index.json", b"\xff"),
    ],
)
def test_what_no_layout_says_is_refused(name, octets, tmp_path):
    image().write(tmp_path / "layout")
    (tmp_path / "layout" / name).write_bytes(octets)
    with pytest.raises(MalformedError):
        OCI.read(tmp_path / "layout")


def test_an_archive_that_is_no_layout_says_how_to_make_one(tmp_path):
    (tmp_path / "old.tar").write_bytes(tar(file("manifest.json", b"[]")))
    with pytest.raises(MalformedError) as caught:
        OCI.read(tmp_path / "old.tar")
    assert "skopeo" in str(caught.value.hint)


LINKED = header(b"lib", type_=b"2", link=b"usr/lib")
LAYER_FAULTS = {
    "a member below a link of a lower layer": [tar(LINKED), tar(file("lib/evil", b"x"))],
    "a member below a file of a lower layer": [tar(file("a", b"x")), tar(file("a/b", b"x"))],
    "a member below a link that leads out": [
        tar(header(b"out", type_=b"2", link=b"../../etc")),
        tar(file("out/x")),
    ],
    "a traversal": [tar(file("../evil", b"x"))],
    "an absolute name": [tar(file("/etc/evil", b"x"))],
    "one name twice in a layer": [tar(file("a", b"x"), file("a", b"y"))],
    "a hard link to nothing": [tar(header(b"a", type_=b"1", link=b"b"))],
    "a hard link that leads out": [tar(header(b"a", type_=b"1", link=b"../b"))],
    "a hard link to a directory": [tar(file("b/c", b""), header(b"a", type_=b"1", link=b"b"))],
    "a whiteout with content": [tar(file(".wh.a", b"x"))],
    "a whiteout that is a link": [tar(header(b".wh.a", type_=b"2", link=b"x"))],
    "a whiteout of nothing": [tar(file("a/.wh."))],
    "a name that runtimes keep for themselves": [tar(file(".wh..wh.plnk"))],
    "a layer that is cut": [LOWER[:-1024]],
}


@pytest.mark.parametrize("layers", LAYER_FAULTS.values(), ids=LAYER_FAULTS.keys())
def test_a_hostile_layer_is_refused(layers, tmp_path):
    with pytest.raises(MalformedError):
        read(image(*layers), tmp_path)


def view(*layers: bytes) -> dict[str, str]:
    seen = View()
    for layer in layers:
        seen.apply([layer], where="layer")
    return {path: node.sha256 or node.target or node.kind for path, node in seen.nodes.items()}


def test_a_whiteout_takes_away_what_lies_below_and_not_what_comes_with_it():
    lower = tar(file("d/a", b"1"), file("d/e/f", b"2"))
    for upper in (
        tar(file("d/.wh.a"), file("d/.wh.e"), file("d/a", b"3")),
        tar(file("d/a", b"3"), file("d/.wh.e"), file("d/.wh.a")),
    ):
        assert view(lower, upper) == view(tar(file("d/a", b"3")))


def test_a_file_replaces_a_directory_and_a_directory_a_link():
    lower = tar(file("d/a", b"1"), header(b"l", type_=b"2", link=b"d"))
    assert view(lower, tar(file("d", b"2"), header(b"l/", type_=b"5"), file("l/x", b"3"))) == view(
        tar(file("d", b"2"), file("l/x", b"3"))
    )


def test_hard_links_have_the_content_of_their_file_even_when_that_goes():
    linked = tar(file("a", b"1", 0o755), header(b"b", type_=b"1", link=b"./a"))
    assert view(linked, tar(file(".wh.a"))) == view(tar(file("b", b"1", 0o755)))
    assert view(tar(file("a", b"1")), tar(header(b"c", type_=b"1", link=b"/a"))) == view(
        tar(file("a", b"1"), file("c", b"1"))
    )


names = st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map("/".join)


@given(st.lists(st.dictionaries(names, st.one_of(st.none(), st.binary(max_size=2)), max_size=4), max_size=4))
def test_layers_make_what_doing_the_same_to_a_file_system_makes(layers):
    """A model: files by path; None takes a path away. Layers that contradict themselves are left out."""
    model: dict[str, bytes] = {}
    archives = []
    for layer in layers:
        kept = {
            path: octets
            for path, octets in layer.items()
            if not any(path != other and path.startswith(f"{other}/") for other in layer)
        }
        added = {path: octets for path, octets in kept.items() if octets is not None}
        if any(above in model for path in added for above in _folders(path) if above not in kept):
            return
        for path in kept:
            model = {
                other: octets for other, octets in model.items() if other != path and not other.startswith(f"{path}/")
            }
        model |= added
        parts = [file(path, octets) if octets is not None else file(_whiteout(path)) for path, octets in kept.items()]
        archives.append(tar(*parts))
    files = {path: what for path, what in view(*archives).items() if what != "directory"}
    assert files == {path: sha256(octets).removeprefix("sha256:") for path, octets in model.items()}


def _folders(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:end]) for end in range(1, len(parts))]


def _whiteout(path: str) -> str:
    folder, slash, name = path.rpartition("/")
    return f"{folder}{slash}.wh.{name}"


def test_a_part_of_the_root_file_system_is_bound_and_an_extra_file_left_over(tmp_path):
    archive = read(image(), tmp_path)
    put(tmp_path / "rootfs/app/server.js", b"second\n", PLAIN)
    put(tmp_path / "rootfs/app/cache/b", b"b\n", PLAIN)
    put(tmp_path / "rootfs/app/extra.js", b"x\n", PLAIN)
    seen = look({"tree": tmp_path / "rootfs/app"})
    bound = OCI.bind(archive, seen)
    assert bound.found
    assert not bound.missing
    assert {path for _, path in bound.files} == {"server.js", "cache/b"}


def test_links_and_modes_have_to_be_those_of_the_image(tmp_path):
    archive = read(image(), tmp_path)
    for path, octets in SEEN.items():
        put(tmp_path / "rootfs" / path, octets, PLAIN if path.startswith("usr") else PROGRAM)
    (tmp_path / "rootfs/usr/bin/also").symlink_to("/bin/sh")
    bound = OCI.bind(archive, look({"tree": tmp_path / "rootfs"}))
    assert {path for (_, path) in (mismatch.key for mismatch in bound.mismatches)} == {*SEEN, "usr/bin/also"}


def test_bombs_are_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(expansion, "_SMALL_BYTES", 1024)
    bomb = tar(file("a", bytes(30_000_000)))
    made = Image()
    made.entries.append(made.manifest((bomb,), changes={"layers": [made.put(zstandard.compress(bomb), LAYER_ZSTD)]}))
    with pytest.raises(MalformedError, match="expands"):
        read(made, tmp_path)


def test_an_index_may_name_itself_by_no_media_type(tmp_path):
    made = image()
    made.write(tmp_path / "layout")
    bare = json.dumps({"schemaVersion": 2, "manifests": made.entries}).encode()
    assert bare != index_of(made.entries)
    (tmp_path / "layout/index.json").write_bytes(bare)
    assert OCI.read(tmp_path / "layout").kind == "oci"
    assert MANIFEST in bare.decode()
