"""`attest trust refresh`: the file is rewritten with a higher version, or left as it was."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from attest.cli.door import enter
from attest.errors import UnavailableError
from attest.provenance.sigstore import refreshing
from attest.trust.trust import load_trust
from tests import build_files, sigstore_world
from tests.unit.provenance.sigstore.test_refreshing import KEYS, ROOT, repository

IN_NO_NETWORK = ("unshare", "--map-root-user", "--net")


def _no_namespaces() -> bool:
    return shutil.which("unshare") is None or subprocess.run([*IN_NO_NETWORK, "true"], check=False).returncode != 0


@pytest.fixture
def trust(tmp_path: Path) -> Path:
    file = tmp_path / "trust.json"
    assert enter(("trust", "new", str(file), "--sigstore", "production", "--max-root-age", "90")) == 0
    return file


def test_the_file_gets_the_new_root_and_a_higher_version(trust: Path, monkeypatch: pytest.MonkeyPatch):
    targets = {"trusted_root.json": ROOT, "publisher.example/keys.json": KEYS}
    monkeypatch.setattr(refreshing, "_updater", repository(targets))
    assert enter(("trust", "refresh", str(trust))) == 0
    document = load_trust(trust).document
    assert document.version == 2
    assert document.sigstore is not None
    assert document.sigstore.trusted_root == sigstore_world.root_document()
    assert document.sigstore.npm_keys == build_files.npm_keys()
    assert document.sigstore.max_age_seconds == 90 * 86_400


def test_a_file_that_names_no_public_instance_is_left_alone(tmp_path: Path):
    root = tmp_path / "root.json"
    root.write_text(json.dumps(sigstore_world.root_document()))
    for name, more in (("none", ()), ("custom", ("--sigstore", str(root)))):
        file = tmp_path / f"{name}.json"
        assert enter(("trust", "new", str(file), *more)) == 0
        before = file.read_bytes()
        assert enter(("trust", "refresh", str(file))) == 5
        assert file.read_bytes() == before


@pytest.mark.skipif(_no_namespaces(), reason="no network namespaces for this user")
def test_without_a_network_it_is_unavailable_and_the_file_stays(trust: Path):
    before = trust.read_bytes()
    command = [*IN_NO_NETWORK, sys.executable, "-m", "attest", "trust", "refresh", str(trust)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 6
    assert "needs the network" in done.stderr
    assert trust.read_bytes() == before
    assert UnavailableError.__name__ not in done.stderr
