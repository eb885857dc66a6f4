"""The bundles that the real `mcpb` packs, signs and unpacks."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from attest.measure.collectors import COLLECTORS
from tests.archives import MANIFEST, mcpb_files
from tests.wheels import PLAIN, PROGRAM, look, put

pytestmark = [pytest.mark.network, pytest.mark.slow, pytest.mark.installs]
MCPB = COLLECTORS["mcpb"]
PACKAGE = "@anthropic-ai/mcpb@2.1.2"


def run(folder: Path, *words: str) -> None:
    subprocess.run(words, cwd=folder, check=True, capture_output=True, stdin=subprocess.DEVNULL)


def test_a_packed_a_signed_and_an_unpacked_bundle_are_one(tmp_path: Path) -> None:
    if shutil.which("npm") is None:
        pytest.skip("no npm at hand")
    run(tmp_path, "npm", "install", "--silent", "--prefix", "cli", PACKAGE)
    for path, octets in {**mcpb_files(), "manifest.json": json.dumps(MANIFEST).encode()}.items():
        put(tmp_path / "source" / path, octets, PROGRAM if path == "server/run" else PLAIN)
    program = "cli/node_modules/.bin/mcpb"
    run(tmp_path, program, "pack", "source", "plain.mcpb")
    shutil.copy(tmp_path / "plain.mcpb", tmp_path / "signed.mcpb")
    run(tmp_path, program, "sign", "--self-signed", "signed.mcpb")
    run(tmp_path, program, "unpack", "signed.mcpb", "installed")
    plain, signed = MCPB.read(tmp_path / "plain.mcpb"), MCPB.read(tmp_path / "signed.mcpb")
    assert signed.members == plain.members
    assert [alias.sha256 for alias in signed.aliases] == [plain.digest.sha256]
    bound = MCPB.bind(signed, look({"tree": tmp_path / "installed"}))
    assert bound.found
    assert not bound.mismatches
    assert not bound.missing
    assert {path for (_, path), file in bound.files.items() if file.executable} == {"server/run"}
