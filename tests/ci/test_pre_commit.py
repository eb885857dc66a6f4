"""The hooks take good documents, however many at once, and refuse a bad one among them."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ci.systems import ROOT, documents
from tests.commands import attest, passed
from tests.world import SEALER, WRITER, write_key_pair

(HOOKS,) = documents(ROOT / ".pre-commit-hooks.yaml")
BIN = Path(sys.executable).parent


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two good documents of every kind, and a bad one."""
    for name, key in (("sealer", SEALER), ("writer", WRITER)):
        write_key_pair(tmp_path, name, key)
    (tmp_path / "attest").mkdir()
    for name in ("trust.json", "attest/trust.json"):
        roles = ("--sealer", "sealer.key.pub", "--writer", "writer.key.pub")
        passed(attest(tmp_path, "trust", "new", name, *roles))
    (tmp_path / "site").mkdir()
    (tmp_path / "site/a").write_text("a")
    for name in ("one.ref", "two.ref"):
        keys = ("--trust", "trust.json", "--key", "sealer.key", "--allow-site", "*")
        passed(attest(tmp_path, "seal", "site", *keys, "-o", name))
    for name in ("attest-policy.toml", "attest/policy.toml"):
        shutil.copy(ROOT / "ci/policies/starter.toml", tmp_path / name)
    return tmp_path


FILES = {
    "attest-policy": ("attest-policy.toml", "attest/policy.toml"),
    "attest-trust": ("attest/trust.json", "trust.json"),
    "attest-document": ("one.ref", "two.ref"),
}


def hooked(folder: Path, hook: dict, *files: str) -> int:
    """Run a hook's entry as pre-commit does: split as a shell would, files after it."""
    path = f"{BIN}:{os.environ['PATH']}"
    command = [*shlex.split(hook["entry"]), *files]
    return subprocess.run(
        command, cwd=folder, env={"PATH": path, "HOME": str(folder)}, capture_output=True, check=False
    ).returncode


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_a_hook_passes_good_files_and_names_the_files_that_it_is_for(hook: dict, folder: Path) -> None:
    assert set(hook) == {"id", "name", "description", "entry", "language", "files"}
    files = FILES[hook["id"]]
    assert hooked(folder, hook, *files) == 0
    assert re.search(hook["files"], files[0])
    assert not re.search(hook["files"], "README.md")


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_one_bad_file_among_good_ones_is_refused(hook: dict, folder: Path) -> None:
    first, second = FILES[hook["id"]]
    (folder / second).write_bytes(b"x" + (folder / second).read_bytes())
    assert hooked(folder, hook, first, second) == 3
    assert hooked(folder, hook, second, first) == 3
