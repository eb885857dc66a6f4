"""Fetching through the real pip and npm, from an index on this machine's loopback."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from attest.errors import AttestError, RefusedError, UnavailableError
from attest.fetch.fetch import fetch_locked, fetch_packages
from attest.fetch.wanted import parse_wanted
from attest.fetch.web import get
from tests.index_server import npm_pages, pypi_pages, serve, tarball
from tests.ports import free_port
from tests.waiting import PATIENCE_SECONDS
from tests.world import make_wheel

PROVENANCE = b'{"version": 1, "attestation_bundles": []}'
OFFERED = b'{"attestations": []}'
needs_npm = pytest.mark.skipif(shutil.which("npm") is None, reason="no npm at hand")


@pytest.fixture
def pages() -> dict[str, tuple[str, bytes]]:
    return {}


@pytest.fixture
def address(pages: dict[str, tuple[str, bytes]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of an index that pip and npm ask, and nothing else."""
    with serve(pages) as served:
        for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PIP_NO_INDEX"):
            monkeypatch.delenv(name, raising=False)
        settings = {
            "PIP_INDEX_URL": f"{served}/simple",
            "PIP_CONFIG_FILE": "/dev/null",
            "PIP_CACHE_DIR": str(tmp_path / "pip-cache"),
            "npm_config_registry": f"{served}/",
            "npm_config_userconfig": "/dev/null",
            "npm_config_cache": str(tmp_path / "npm-cache"),
            "npm_config_update_notifier": "false",
        }
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        yield served


@pytest.fixture
def wheel(tmp_path: Path, pages: dict[str, tuple[str, bytes]], address: str) -> Path:
    """The one wheel of the index, with a provenance object."""
    (tmp_path / "dist").mkdir()
    path = make_wheel(tmp_path / "dist")
    pages.update(pypi_pages({path.name: ("tiny-server", path.read_bytes())}, {path.name: PROVENANCE}, address))
    return path


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_wheel_comes_with_its_provenance_and_a_lock(wheel: Path, tmp_path: Path) -> None:
    out = tmp_path / "evidence"
    [fetched] = fetch_packages([parse_wanted("tiny-server==1.0")], out, dependencies=True)
    sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()
    beside = f"{wheel.name}.attestations.json"
    assert (fetched.archive, fetched.sha256, fetched.attestations) == (wheel.name, sha256, beside)
    assert contents(out) == {
        wheel.name: wheel.read_bytes(),
        beside: PROVENANCE,
        "requirements.txt": f"tiny-server==1.0 --hash=sha256:{sha256}\n".encode(),
    }


def test_an_index_without_attestations_says_none(
    wheel: Path, tmp_path: Path, pages: dict[str, tuple[str, bytes]]
) -> None:
    [page] = [path for path in pages if path.startswith("/simple/")]
    pages[page] = (pages[page][0], pages[page][1].replace(b"/provenance/", b"/nothing/"))
    [fetched] = fetch_packages([parse_wanted("tiny-server")], tmp_path / "evidence", dependencies=True)
    assert fetched.attestations is None


def test_fetching_again_changes_nothing_and_replaces_nothing(wheel: Path, tmp_path: Path) -> None:
    out = tmp_path / "evidence"
    wanted = [parse_wanted("tiny-server")]
    list(fetch_packages(wanted, out, dependencies=True))
    before = contents(out)
    list(fetch_packages(wanted, out, dependencies=True))
    assert contents(out) == before
    (out / wheel.name).write_bytes(b"something of mine")
    with pytest.raises(RefusedError, match="no file of that name"):
        list(fetch_packages(wanted, out, dependencies=True))
    assert (out / wheel.name).read_bytes() == b"something of mine"


def test_a_wheel_that_spells_its_name_its_own_way_comes_with_its_provenance(
    tmp_path: Path, pages: dict[str, tuple[str, bytes]], address: str
) -> None:
    (tmp_path / "dist").mkdir()
    path = make_wheel(tmp_path / "dist", "Small_Tool")
    pages.update(pypi_pages({path.name: ("small-tool", path.read_bytes())}, {path.name: PROVENANCE}, address))
    [fetched] = fetch_packages([parse_wanted("small-tool==1.0")], tmp_path / "evidence", dependencies=True)
    assert fetched.attestations is not None


def test_a_package_that_is_nowhere_is_unavailable(wheel: Path, tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="pip install"):
        list(fetch_packages([parse_wanted("no-such-package")], tmp_path / "evidence", dependencies=True))
    assert not (tmp_path / "evidence").exists()


def test_a_wheel_that_is_not_the_locked_one_is_refused(wheel: Path, tmp_path: Path) -> None:
    lock = f"tiny-server==1.0 --hash=sha256:{'0' * 64}\n".encode()
    with pytest.raises(AttestError, match="lock file names"):
        list(fetch_locked(lock, "requirements.txt", tmp_path / "evidence"))


def test_a_lock_file_is_fetched_and_kept(wheel: Path, tmp_path: Path) -> None:
    sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()
    lock = f"tiny-server==1.0 \\\n    --hash=sha256:{'0' * 64} \\\n    --hash=sha256:{sha256}\n".encode()
    [fetched] = fetch_locked(lock, "requirements.txt", tmp_path / "evidence")
    assert fetched.archive == wheel.name
    assert (tmp_path / "evidence" / "requirements.txt").read_bytes() == lock


@needs_npm
def test_npm_tarballs_come_with_attestations_and_the_lock(
    tmp_path: Path, pages: dict[str, tuple[str, bytes]], address: str
) -> None:
    server = tarball({"package.json": b'{"name":"@scope/server","version":"1.2.0","dependencies":{"leaf":"^2.0.0"}}'})
    leaf = tarball({"package.json": b'{"name":"leaf","version":"2.0.1"}', "index.js": b"module.exports = 1\n"})
    packages = {("@scope/server", "1.2.0"): ({"leaf": "^2.0.0"}, server), ("leaf", "2.0.1"): ({}, leaf)}
    pages.update(npm_pages(packages, {("@scope/server", "1.2.0"): OFFERED}, address))
    out = tmp_path / "evidence"
    fetched = {each.archive: each for each in fetch_packages([parse_wanted("@scope/server")], out, dependencies=True)}
    assert set(fetched) == {"scope-server-1.2.0.tgz", "leaf-2.0.1.tgz"}
    assert fetched["leaf-2.0.1.tgz"].attestations is None
    attested = fetched["scope-server-1.2.0.tgz"].attestations
    assert attested is not None
    assert (out / attested).read_bytes() == OFFERED
    locked = json.loads((out / "package-lock.json").read_bytes())["packages"]["node_modules/leaf"]["integrity"]
    assert base64.b64decode(locked.removeprefix("sha512-")) == hashlib.sha512(leaf).digest()


def test_attestations_of_a_foreign_host_are_not_asked_for(
    tmp_path: Path, address: str, pages: dict[str, tuple[str, bytes]]
) -> None:
    from attest.fetch import npm

    row = {"dist": {"attestations": {"url": "https://elsewhere.example/a"}}}
    pages["/name/1.0.0"] = ("application/json", json.dumps(row).encode())
    with pytest.raises(UnavailableError, match="of the registry itself"):
        npm.attestation(address, "name", "1.0.0")


@pytest.mark.parametrize("url", ["http://host.example/x", "file:///etc/passwd", "ftp://127.0.0.1/x", "//127.0.0.1/x"])
def test_only_https_and_this_machine_are_asked(url: str) -> None:
    with pytest.raises(UnavailableError, match="https"):
        get(url)


def test_an_answer_has_a_size(address: str, pages: dict[str, tuple[str, bytes]]) -> None:
    pages["/big"] = ("text/plain", b"x" * 100)
    assert get(f"{address}/big", max_bytes=100) == b"x" * 100
    with pytest.raises(UnavailableError, match="at most 99 bytes"):
        get(f"{address}/big", max_bytes=99)
    assert get(f"{address}/none") is None


def test_the_verb_prints_a_line_an_archive(wheel: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "attest", "fetch", "tiny-server", "-o", "evidence"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=True)
    assert done.stdout.splitlines() == [
        f"sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}  {wheel.name}  {wheel.name}.attestations.json"
    ]
    assert "1 archives" not in done.stderr
    assert "1 archive in evidence, 1 with attestations, none verified" in done.stderr


@needs_npm
def test_npm_soon_gives_up_on_an_index_that_does_not_answer(
    tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    monkeypatch.setenv("npm_config_registry", f"http://127.0.0.1:{port}/")
    began = time.monotonic()
    with pytest.raises(UnavailableError, match=f"request to http://127.0.0.1:{port}/.* failed"):
        list(fetch_packages([parse_wanted("pkg:npm/leaf@2.0.1")], tmp_path / "evidence", dependencies=True))
    assert time.monotonic() - began < 60  # It waits for 1 s. With npm's own patience it is 70 s and more.
