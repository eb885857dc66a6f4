"""The lists that real tools write: every component is told, archives at hand are known by them, each alone is enough.

Small packages, so that little is fetched. Needs package indexes; what needs Node.js
is skipped where there is none.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from attest.errors import RefusedError
from attest.provenance.model import Expectations, VerifiedEvidence
from attest.provenance.origins import origin_of
from attest.provenance.read import read_evidence
from attest.seal.request import SealRequest, Tree
from attest.seal.seal import seal
from attest.seal.sealed import Sealed
from attest.statement.digests import DigestSet
from attest.statement.levels import Origin
from tests.world import NOW, SEALER, TRUST

pytestmark = [pytest.mark.network, pytest.mark.slow, pytest.mark.installs]

SECONDS = 600
"""For one command of a package manager."""

PNPM = "pnpm@9.15.9"
"""The last line that starts on every Node.js since 18."""

PYTHON_PACKAGES = ("idna==3.10", "iniconfig==2.0.0")
NODE_PACKAGES = ("debug@4.3.7", "ms@2.1.3", "@types/ms@2.1.0")
PURLS = {
    "python": {"pkg:pypi/idna@3.10", "pkg:pypi/iniconfig@2.0.0"},
    "node": {"pkg:npm/debug@4.3.7", "pkg:npm/ms@2.1.3", "pkg:npm/%40types/ms@2.1.0"},
}
PROJECT = {
    "name": "probe",
    "version": "1.0.0",
    "private": True,
    "dependencies": {"debug": "4.3.7", "ms": "2.1.3", "@types/ms": "2.1.0"},
}


@dataclass(frozen=True, kw_only=True)
class Place:
    """A folder with lists, the archives that they name, and what was installed from these."""

    folder: Path
    archives: tuple[Path, ...]
    installed: Path

    def seal(self, *names: str) -> Sealed:
        """Seal what is installed, with these lists as the only evidence."""
        request = SealRequest(
            trees=(Tree(name="tree", path=self.installed),),
            artifacts=self.archives,
            evidence=tuple(self.folder / name for name in names),
        )
        return seal(request, TRUST, lambda: SEALER, at=NOW)


def run(folder: Path, *words: str | Path, into: str | None = None) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment |= {"UV_CACHE_DIR": str(folder / "uv-cache"), "UV_NO_CONFIG": "1"}
    done = subprocess.run(
        words,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{words[:4]}\n{done.stdout.decode()}{done.stderr.decode()}"
    if into is not None:
        (folder / into).write_bytes(done.stdout)


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A project of uv with every list that uv can write."""
    folder = tmp_path_factory.mktemp("python")
    uv = Path(sys.executable).with_name("uv")
    needs = ", ".join(f'"{each}"' for each in PYTHON_PACKAGES)
    project = f'[project]\nname = "probe"\nversion = "1.0"\nrequires-python = ">=3.11"\ndependencies = [{needs}]\n'
    (folder / "pyproject.toml").write_text(project)
    run(folder, uv, "lock", "-q")
    run(folder, uv, "pip", "compile", "-q", "--generate-hashes", "pyproject.toml", "-o", "compiled.txt")
    exported = {"exported.txt": "requirements.txt", "pylock.toml": "pylock.toml", "cyclonedx.json": "cyclonedx1.5"}
    for name, form in exported.items():
        run(folder, uv, "export", "-q", "--frozen", "--no-emit-project", "--format", form, into=name)
    pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:", "-d", "wheels"]
    run(folder, *pip, *PYTHON_PACKAGES)
    wheels = tuple(sorted((folder / "wheels").glob("*.whl")))
    run(folder, uv, "venv", "-q", "-p", sys.executable, "installed")
    python = folder / "installed/bin/python"
    run(folder, uv, "pip", "install", "-q", "--offline", "-p", python, "--no-deps", *wheels)
    return Place(folder=folder, archives=wheels, installed=folder / "installed")


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A project of npm with the lists of npm, and the lock file of pnpm for the same project beside it."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip("no node and npm at hand")
    folder = tmp_path_factory.mktemp("node")
    (folder / "package.json").write_text(json.dumps(PROJECT))
    run(folder, "npm", "install", "--silent", "--ignore-scripts", "--no-audit", "--no-fund")
    run(folder, "npm", "sbom", "--sbom-format", "cyclonedx", into="cyclonedx.json")
    run(folder, "npm", "sbom", "--sbom-format", "spdx", into="spdx.json")
    run(folder, "npm", "pack", "--silent", "--pack-destination", ".", *NODE_PACKAGES)
    other = folder / "pnpm"
    other.mkdir()
    run(other, "npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", "cli", PNPM)
    (other / "package.json").write_text(json.dumps(PROJECT))
    run(other, "cli/node_modules/.bin/pnpm", "install", "--silent", "--lockfile-only", "--ignore-scripts")
    return Place(folder=folder, archives=tuple(sorted(folder.glob("*.tgz"))), installed=folder / "node_modules")


LISTS = [
    ("python", "uv.lock", "uv-lock"),
    ("python", "compiled.txt", "pip-requirements"),
    ("python", "exported.txt", "pip-requirements"),
    ("python", "pylock.toml", "pylock"),
    ("python", "cyclonedx.json", "cyclonedx-file"),
    ("node", "package-lock.json", "npm-lock"),
    ("node", "pnpm/pnpm-lock.yaml", "pnpm-lock"),
    ("node", "cyclonedx.json", "cyclonedx-file"),
    ("node", "spdx.json", "spdx-file"),
]
every_list = pytest.mark.parametrize(("tool", "name", "form"), LISTS, ids=[f"{tool}-{name}" for tool, name, _ in LISTS])


@every_list
def test_every_component_is_told_with_the_digests_of_its_archives_and_none_of_files(
    tool: str, name: str, form: str, request: pytest.FixtureRequest
) -> None:
    place: Place = request.getfixturevalue(tool)
    found = read_list(place, name)
    assert found.format == form
    assert not found.authenticated
    assert {component.purl for component in found.components} == PURLS[tool]
    assert all(component.archives and not component.files for component in found.components)


@every_list
def test_archives_at_hand_are_known_by_it_and_others_are_not(
    tool: str, name: str, form: str, request: pytest.FixtureRequest
) -> None:
    place: Place = request.getfixturevalue(tool)
    found = read_list(place, name)
    assert len(place.archives) == len(PURLS[tool])
    for archive in place.archives:
        octets = archive.read_bytes()
        assert origin_of(digests(octets), [found]) == (Origin.LOCKED, (found.digest,)), form
        assert origin_of(digests(octets + b"\0"), [found]) is None


@every_list
def test_it_alone_seals_what_is_installed_and_says_locked(
    tool: str, name: str, form: str, request: pytest.FixtureRequest
) -> None:
    place: Place = request.getfixturevalue(tool)
    reference = place.seal(name).reference
    assert reference.assurance.least == Origin.LOCKED
    assert reference.assurance.locked.files > 0
    assert (reference.unbound, reference.unclaimed.files) == ((), 0)
    assert [piece.format for piece in reference.evidence] == [form]
    assert {artifact.purl for artifact in reference.artifacts} == PURLS[tool]


@pytest.mark.parametrize("tool", PURLS)
def test_without_any_list_the_archives_explain_and_do_not_claim(tool: str, request: pytest.FixtureRequest) -> None:
    place: Place = request.getfixturevalue(tool)
    with pytest.raises(RefusedError, match="explained"):
        place.seal()


def read_list(place: Place, name: str) -> VerifiedEvidence:
    octets = (place.folder / name).read_bytes()
    return read_evidence(octets, trust=TRUST, expectations=Expectations(), where=name)


def digests(octets: bytes) -> DigestSet:
    return DigestSet(sha256=hashlib.sha256(octets).hexdigest(), sha512=hashlib.sha512(octets).hexdigest())
