"""What a release is made of: the same bytes wherever it is built, and an SBOM that our own reader takes."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from attest.provenance.components.cyclonedx import read_cyclonedx
from attest.provenance.components.requirements import read_requirements
from scripts import release

ROOT = release.ROOT
HERE = {"TZ": "Asia/Tokyo", "LANG": "C", "PYTHONHASHSEED": "1"}
THERE = {"TZ": "UTC", "LANG": "C.UTF-8", "PYTHONHASHSEED": "2", "SOURCE_DATE_EPOCH": "1700000000"}


def checked_out(place: Path, mask: int) -> Path:
    """Copy what git tracks, or would, with the modes that a checkout under this umask has and the times of now."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True).stdout.decode().split("\0")
    for name in filter(None, names):
        source, copy = ROOT / name, place / name
        if source.is_file():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy)
            copy.chmod((0o777 if os.access(source, os.X_OK) else 0o666) & ~mask)
    return place


def made(checkout: Path, out: Path, environment: dict[str, str], mask: int) -> dict[str, bytes]:
    """Run the script of the release; return what it wrote."""
    command = [sys.executable, "-m", "scripts.release", str(out)]
    own = {name: text for name, text in os.environ.items() if not name.startswith("PYTHON")}
    subprocess.run(command, cwd=checkout, env={**own, **environment}, umask=mask, check=True, capture_output=True)
    return {path.name: path.read_bytes() for path in sorted(out.iterdir())}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    place = tmp_path_factory.mktemp("here")
    return made(checked_out(place / "checkout", 0o022), place / "dist", HERE, 0o022)


def test_another_place_umask_time_zone_and_epoch_make_the_same_bytes(files: dict[str, bytes], tmp_path: Path) -> None:
    elsewhere = checked_out(tmp_path / "deep/er/checkout", 0o077)
    again = made(elsewhere, tmp_path / "dist", THERE, 0o077)
    assert list(again) == list(files)
    assert [name for name in files if again[name] != files[name]] == []


def test_another_source_makes_other_bytes(files: dict[str, bytes], tmp_path: Path) -> None:
    changed = checked_out(tmp_path / "checkout", 0o022)
    with (changed / "attest/version.py").open("a") as module:
        module.write("# changed\n")
    again = made(changed, tmp_path / "dist", HERE, 0o022)
    assert [name for name in files if again[name] == files[name]] == []


def test_the_source_archive_names_nobody(files: dict[str, bytes], tmp_path: Path) -> None:
    (name,) = (name for name in files if name.endswith(".tar.gz"))
    (tmp_path / name).write_bytes(files[name])
    with tarfile.open(tmp_path / name) as archive:
        owners = {(member.uid, member.gid, member.uname, member.gname, member.mode) for member in archive}
    assert {owner[:4] for owner in owners} == {(0, 0, "", "")}
    assert {owner[4] for owner in owners} <= {0o644, 0o755}


def test_the_sbom_names_the_wheel_and_every_pin_with_its_archives(files: dict[str, bytes]) -> None:
    (name,) = (name for name in files if name.endswith(".cdx.json"))
    document = json.loads(files[name])
    itself, *parts = read_cyclonedx(document, where=name)
    assert (itself.name, itself.version) == ("mcp-attest", release.PROJECT["version"])
    (wheel,) = (name for name in files if name.endswith(".whl"))
    assert [archive.sha256 for archive in itself.archives] == [hashlib.sha256(files[wheel]).hexdigest()]
    pins = read_requirements(release.PINS.read_bytes(), "core.txt")
    assert {(part.name, part.version, part.archives) for part in parts} == {
        (pin.name, pin.version, pin.archives) for pin in pins
    }
    references = [one["bom-ref"] for one in document["components"]]
    assert len(set(references)) == len(references) > 20


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine").write_text("mine")
    monkeypatch.setattr("sys.argv", ["release", str(tmp_path)])
    assert release.main() == 1
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
