"""Several trees in one reference: each is held against the archive of the version that it has."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from attest.errors import RefusedError
from attest.seal.folder import sort_folders
from attest.seal.request import SealRequest, Tree
from attest.seal.seal import seal
from attest.seal.sealed import Sealed
from attest.statement.manifest import Entry, read_manifest
from attest.trust.making import write_trust
from tests.commands import attest, passed
from tests.installed import install
from tests.world import (
    NOW,
    SEALER,
    TRUST,
    WRITER,
    make_provenance,
    make_trust_file,
    make_wheel,
    subject_of,
    write_key_pair,
)

OLD = {"tiny_server/__init__.py": b"VERSION = 1\n", "tiny_server/old.py": b""}
NEW = {"tiny_server/__init__.py": b"VERSION = 2\n", "tiny_server/new.py": b""}


def fetched(folder: Path, version: str, files: dict[str, bytes]) -> Path:
    """A folder as `attest fetch` leaves it: the wheel, what it needs, and the evidence of both."""
    folder.mkdir()
    wheels = (make_wheel(folder, version=version, files=files), make_wheel(folder, name="needed"))
    (folder / "provenance.json").write_bytes(make_provenance([subject_of(wheel) for wheel in wheels]))
    return folder


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, ...]:
    found = (fetched(tmp_path / "evidence-1", "1.0", OLD), fetched(tmp_path / "evidence-2", "1.1", NEW))
    for number, folder in enumerate(found, 1):
        for wheel in folder.glob("*.whl"):
            install_beside(wheel, tmp_path / f"tree-{number}")
    return found


def install_beside(wheel: Path, site: Path) -> None:
    """Install into a place where something lies already."""
    with_one = install(wheel, site.with_name("one"))
    shutil.copytree(with_one, site, dirs_exist_ok=True)
    shutil.rmtree(with_one)


def sealed(place: Path, folders: tuple[Path, ...]) -> Sealed:
    archives, evidence = sort_folders(folders)
    trees = tuple(Tree(name=f"tree-{number}", path=place / f"tree-{number}") for number in (1, 2))
    request = SealRequest(trees=trees, artifacts=archives, evidence=evidence)
    return seal(request, TRUST, lambda: SEALER, at=NOW)


def owners(made: Sealed) -> dict[str, str]:
    """Return the version that each file of the server is of."""
    header, entries = read_manifest(made.manifest.splitlines(keepends=True), where="manifest")
    versions = {each.digest.sha256: str(each.purl).rpartition("@")[2] for each in made.reference.artifacts}

    def version(entry: Entry) -> str:
        return versions[header.artifacts[entry.artifact]] if entry.artifact is not None else "nobody's"

    return {f"{entry.root}/{entry.path}": version(entry) for entry in entries if "tiny_server/" in entry.path}


def test_each_tree_is_of_the_version_that_it_has(tmp_path: Path, folders: tuple[Path, ...]) -> None:
    made = sealed(tmp_path, folders)
    assert owners(made) == {
        "tree-1/tiny_server/__init__.py": "1.0",
        "tree-1/tiny_server/old.py": "1.0",
        "tree-2/tiny_server/__init__.py": "1.1",
        "tree-2/tiny_server/new.py": "1.1",
    }
    assert made.reference.assurance.least == "built"
    assert made.reference.unbound == ()


def test_what_several_trees_need_is_one_archive_wherever_it_lies(tmp_path: Path, folders: tuple[Path, ...]) -> None:
    names = [artifact.name for artifact in sealed(tmp_path, folders).reference.artifacts]
    assert sorted(names) == [
        "needed-1.0-py3-none-any.whl",
        "tiny_server-1.0-py3-none-any.whl",
        "tiny_server-1.1-py3-none-any.whl",
    ]


def test_a_file_of_the_other_version_is_refused(tmp_path: Path, folders: tuple[Path, ...]) -> None:
    (tmp_path / "tree-1/tiny_server/__init__.py").write_bytes(NEW["tiny_server/__init__.py"])
    with pytest.raises(RefusedError, match=r"tree-1/tiny_server/__init__\.py"):
        sealed(tmp_path, folders)


def test_of_two_wheels_of_one_version_each_tree_has_the_one_that_fits(tmp_path: Path) -> None:
    wheels = []
    for number, machine in ((1, "linux_x86_64"), (2, "linux_aarch64")):
        folder = tmp_path / f"evidence-{number}"
        folder.mkdir()
        files = {"tiny_server/__init__.py": b"", "tiny_server/native.so": machine.encode()}
        plain = make_wheel(folder, files=files)
        wheels.append(plain.rename(folder / f"tiny_server-1.0-cp311-cp311-{machine}.whl"))
        install(wheels[-1], tmp_path / f"tree-{number}")
        (folder / "provenance.json").write_bytes(make_provenance([subject_of(wheels[-1])]))
    folders = tuple(wheel.parent for wheel in wheels)
    reference = sealed(tmp_path, folders).reference
    assert sorted(each.name for each in reference.artifacts) == sorted(wheel.name for wheel in wheels)
    assert reference.assurance.least == "built"
    (tmp_path / "tree-2/tiny_server/native.so").write_bytes(b"neither")
    with pytest.raises(RefusedError, match=r"tree-2/tiny_server/native\.so"):
        sealed(tmp_path, folders)


def test_two_wheels_of_one_name_cannot_be_told_apart(tmp_path: Path, folders: tuple[Path, ...]) -> None:
    make_wheel(folders[1], files={"tiny_server/__init__.py": b"another\n"})
    with pytest.raises(RefusedError, match=r"one archive of tiny_server-1\.0"):
        sealed(tmp_path, folders)


def test_a_folder_can_be_given_for_each_tree(tmp_path: Path, folders: tuple[Path, ...]) -> None:
    for name, key in (("sealer", SEALER), ("writer", WRITER)):
        write_key_pair(tmp_path, name, key)
    (tmp_path / "trust.json").write_bytes(write_trust(make_trust_file()))
    words = [word for folder in folders for word in ("--evidence", folder.name)]
    keys = ("--trust", "trust.json", "--key", "sealer.key")
    passed(attest(tmp_path, "seal", "tree-1", "tree-2", *words, *keys, "-o", "server.ref"))
