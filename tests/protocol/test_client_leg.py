"""The client leg of the official suite: its own servers behind a portal that can measure no file of them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.commands import attest, passed
from tests.protocol.client import STORIES
from tests.protocol.world import REQUIREMENTS, SECONDS, Suite, install_suite

pytestmark = [
    pytest.mark.network,
    pytest.mark.slow,
    pytest.mark.conformance,
    pytest.mark.skipif(shutil.which("npm") is None, reason="no npm at hand"),
]

TIMEOUT_MS: Final = "120000"
"""Of a client, which has to be sealed first, on a machine that is busy."""
EXCLUDED: Final = {"auth/": "the client's own token would have to reach the server, and a portal hands none on"}
"""Scenarios by the beginning of their names, and why they are not for a portal."""


@pytest.fixture(scope="module")
def suite(tmp_path_factory) -> Suite:
    return install_suite(tmp_path_factory.mktemp("suite"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    made: Path = tmp_path_factory.mktemp("portal")
    for name in ("sealer", "writer"):
        passed(attest(made, "key", "new", f"{name}.key"))
    keys = ("--sealer", "sealer.key.pub", "--writer", "writer.key.pub")
    passed(attest(made, "trust", "new", "trust.json", *keys, "--min-binding", "remote"))
    return made


def scored(suite: Suite, requirements: str) -> list[str]:
    """Return the scenarios of the client leg that count for a revision, without those that are excluded."""
    package = suite.folder / "node_modules/@modelcontextprotocol/conformance/requirements"
    part = (package / f"{requirements}.yaml").read_text().split("\nclient:\n")[1].split("\n\n")[0]
    found = re.findall(r"^ +- ([A-Za-z0-9/_-]+)$", part, re.MULTILINE)
    return [name for name in found if not name.startswith(tuple(EXCLUDED))]


def passes(suite: Suite, requirements: str, scenario: str, *command: str) -> bool:
    """Run one scenario with a client."""
    words = ["--command", " ".join((sys.executable, "-m", *command)), "--scenario", scenario, "--timeout", TIMEOUT_MS]
    done = subprocess.run(
        [*suite.program("conformance"), "client", *words, "--spec-version", requirements],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return "OVERALL: PASSED" in done.stdout + done.stderr


@pytest.mark.parametrize("requirements", REQUIREMENTS)
def test_the_same_scenarios_pass_through_the_portal_as_directly(suite, folder, requirements) -> None:
    names = scored(suite, requirements)
    assert set(names) <= set(STORIES)
    assert len(names) >= 4
    direct = {name: passes(suite, requirements, name, "tests.protocol.client") for name in names}
    assert all(direct.values()), direct
    through = {name: passes(suite, requirements, name, "tests.protocol.through", str(folder)) for name in names}
    assert through == direct
    for name in names:
        passed(attest(folder, "bundle", f"log-{name}-{requirements}", "-o", "evidence.jsonl"))
        words = ("--trust", "trust.json", "--reference", f"{name}-{requirements}.ref", "--format", "json")
        verdict = json.loads(passed(attest(folder, "verify", "evidence.jsonl", *words)))
        assert verdict["binding"] == "remote"
