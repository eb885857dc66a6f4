"""A folder of archives and build evidence is told apart, and nothing in it is passed over."""

from __future__ import annotations

from pathlib import Path

import pytest

from attest.errors import RefusedError, UnavailableError
from attest.seal.folder import sort_folder
from tests.installed import Bench, make_bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    (tmp_path / "all").mkdir()
    return make_bench(tmp_path / "all")


def names(paths: tuple[Path, ...]) -> list[str]:
    return [path.name for path in paths]


def sort(bench: Bench, **files: bytes) -> tuple[list[str], list[str]]:
    folder = bench.folder.with_name("evidence")
    folder.mkdir()
    (folder / bench.wheel.name).write_bytes(bench.wheel.read_bytes())
    for name, octets in files.items():
        (folder / name.replace("__", ".")).write_bytes(octets)
    archives, evidence = sort_folder(folder)
    return names(archives), names(evidence)


def test_lock_files_are_evidence_whatever_they_are_called(bench: Bench) -> None:
    requirements = f"tiny-server==1.0 --hash=sha256:{'0' * 64}\n".encode()
    lock = b'version = 1\nrevision = 3\n\n[[package]]\nname = "tiny-server"\nversion = "1.0"\n'
    archives, evidence = sort(
        bench, requirements__txt=requirements, uv__lock=lock, p__json=bench.provenance.read_bytes()
    )
    assert (archives, evidence) == ([bench.wheel.name], ["p.json", "requirements.txt", "uv.lock"])


def test_damaged_evidence_stays_evidence_and_is_complained_about_later(bench: Bench) -> None:
    assert sort(bench, provenance__json=b"#!/bin/sh\n{")[1] == ["provenance.json"]


def test_anything_else_is_refused_by_name(bench: Bench) -> None:
    with pytest.raises(RefusedError, match=r"notes\.txt"):
        sort(bench, notes__txt=b"remember to look\n")


def test_a_folder_that_is_none_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError):
        sort_folder(tmp_path / "absent")
