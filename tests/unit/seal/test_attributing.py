"""Each entry says whose file it is: its archive's, or that of what it was derived from."""

from __future__ import annotations

from pathlib import Path

from attest.codec.octets import sha256_hex
from attest.seal.attributing import attribute
from attest.statement.levels import Origin
from attest.statement.manifest import Entry, FileKind, read_manifest
from tests.installed import make_bench


def derived(path: str, *inputs: str) -> Entry:
    return Entry(
        root="tree", path=path, type_=FileKind.FILE, origin=Origin.DERIVED, rank=Origin.SITE, rule="r", inputs=inputs
    )


def test_members_and_what_follows_from_them_belong_to_their_archive(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    (bench.tree / "notes.txt").write_text("mine")
    sealed = bench.seal(allow_site=("notes.txt",))
    header, entries = read_manifest(sealed.manifest.splitlines(keepends=True), where="manifest")
    assert header.artifacts == (sha256_hex(bench.wheel.read_bytes()),)
    owners = {entry.path: entry.artifact for entry in entries}
    assert owners.pop("notes.txt") is None
    assert {"tiny_server/tools.py", "tiny_server-1.0.dist-info/RECORD", "tiny_server-1.0.dist-info/METADATA"} <= set(
        owners
    )
    assert set(owners.values()) == {0}


def test_a_circle_of_derived_files_belongs_to_nobody() -> None:
    circle = (derived("a", "tree/b"), derived("b", "tree/a"))
    assert attribute(circle, ()) == (circle, ())
