"""Evidence: bounded, never through a link, never a value of the environment, and what is left out is counted."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from attest.agent.enforcement import capturing
from attest.agent.enforcement.capturing import KIND, capture
from attest.agent.enforcement.family import Family
from attest.statement.findings import Finding, FindingKind
from attest.tlog.documents import Documents
from tests import families

NOBODY = Family(None)


def changed(*names: str) -> tuple[Finding, ...]:
    return tuple(Finding(kind=FindingKind.CHANGED, where=name) for name in names)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    made = tmp_path / "tree"
    (made / "folder").mkdir(parents=True)
    (made / "folder" / "file").write_bytes(b"changed")
    return made


def keep(tree: Path, *names: str) -> tuple[dict[str, bytes], int]:
    """What was kept of the files that findings name, by name, and how many were left out."""
    (tree.parent / "log").mkdir(exist_ok=True)
    documents = Documents(tree.parent / "log")
    pieces, left_out = capture(NOBODY, changed(*names), {"tree": str(tree)}, documents)
    return {piece.name: documents.get(KIND, piece.sha256) for piece in pieces}, left_out


def test_a_changed_file_is_kept_once_by_its_content(tree: Path) -> None:
    assert keep(tree, "tree/folder/file", "tree/folder/file") == ({"tree/folder/file": b"changed"}, 0)


def test_nothing_is_kept_through_a_link_nor_from_what_is_no_file(tree: Path) -> None:
    secret = tree.parent / "secret"
    secret.write_bytes(b"secret")
    (tree / "link").symlink_to(secret)
    (tree / "way").symlink_to(tree.parent)
    os.mkfifo(tree / "fifo")
    kept, left_out = keep(tree, "tree/link", "tree/way/secret", "tree/fifo", "tree/folder", "tree/absent")
    assert kept == {}
    assert left_out == 5


@pytest.mark.parametrize(
    "name", ["tree/../secret", "tree//etc/passwd", "/etc/passwd", "process", "tree/", "other/file"]
)
def test_a_finding_that_names_no_file_of_a_root_is_about_none(tree: Path, name: str) -> None:
    assert keep(tree, name) == ({}, 0)


def test_a_large_file_and_a_large_number_are_left_out_and_counted(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capturing, "MAX_PIECE_BYTES", 10)
    monkeypatch.setattr(capturing, "MAX_BYTES", 25)
    monkeypatch.setattr(capturing, "MAX_PIECES", 4)
    for name, size in (("a", 10), ("b", 11), ("c", 10), ("d", 10), ("e", 5), ("f", 0), ("g", 0)):
        (tree / name).write_bytes(b"x" * size)
    kept, left_out = keep(tree, *(f"tree/{name}" for name in "abcdefg"))
    assert list(kept) == ["tree/a", "tree/c", "tree/e", "tree/f"]
    assert left_out == 3


def test_names_of_the_environment_are_kept_and_no_value(tree: Path) -> None:
    environment = {"TOKEN": "hidden-value", "PATH": "/usr/bin:/bin"}
    (tree.parent / "log").mkdir()
    documents = Documents(tree.parent / "log")
    with families.family_of("echo ready; exec sleep 60", env=environment) as family:
        assert family.freeze()
        pieces, left_out = capture(family, (), {}, documents)
    assert left_out == 0
    assert len(pieces) == 4
    octets = {piece.name.partition(": ")[2]: documents.get(KIND, piece.sha256) for piece in pieces}
    assert b"hidden-value" not in b"".join(octets.values())
    assert {b"PATH", b"TOKEN"} <= set(octets["environment-names"].splitlines()) <= {b"PATH", b"PWD", b"TOKEN"}
    assert b"pipe:[" in octets["descriptors"]
