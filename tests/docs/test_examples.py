"""The examples of README.md and of every verb's `--help` run, in one folder and in the order of the line."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parents[2] / "README.md"
ORDER = (
    *(
        "",
        "key",
        "key new",
        "key show",
        "trust",
        "trust new",
        "trust show",
        "trust check",
        "fetch",
        "seal",
        "diff",
        "agent",
    ),
    *("log", "log show", "log checkpoint", "log check", "bundle", "verify", "show", "demo"),
)
"""Every verb, so that each example finds what those before it made."""

SEAL = "attest seal server --trust trust.json --key sealer.key --allow-site '*'"
BEFORE = {"key show": ("attest key new writer.key",), "diff": (f"{SEAL} --supersedes server.ref -o server-new.ref",)}
"""What the examples need besides one another."""


def attest(folder: Path, line: str, *, timeout: int = 120) -> subprocess.CompletedProcess[str]:
    words = shlex.split(line)
    assert words[0] == "attest", line
    environment = {**os.environ, "COLUMNS": "100"}
    command = [sys.executable, "-m", "attest", *words[1:]]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=timeout, check=False
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    server = tmp_path / "server"
    server.mkdir()
    program = server / "run.sh"
    program.write_text("#!/bin/sh\nexec cat\n")
    program.chmod(0o755)
    return tmp_path


def examples_of(folder: Path, verb: str) -> list[str]:
    told = attest(folder, f"attest {verb} --help")
    assert told.returncode == 0, told.stderr
    _, found, end = told.stdout.partition("Example:\n")
    if verb in {"key", "trust", "log"}:
        assert not found, "a group has no example of its own"
        return []
    assert found, f"attest {verb} --help has no example"
    return [line.strip() for line in end.strip().splitlines()]


def test_every_verb_is_listed_here(folder: Path) -> None:
    from attest.cli.door import VERBS

    assert {verb.split()[0] for verb in ORDER if verb} == set(VERBS)


def test_help_examples_run_one_after_the_other(folder: Path) -> None:
    for verb in ORDER:
        for line in BEFORE.get(verb, ()):
            assert attest(folder, line).returncode == 0
        if verb in {"demo", "fetch"}:
            continue  # they have tests of their own: these need a package index
        for line in examples_of(folder, verb):
            done = attest(folder, line)
            assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"


def test_readme_examples_run_one_after_the_other(folder: Path) -> None:
    blocks = re.findall(r"```sh\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if line.startswith("attest ")]
    assert len(lines) > 5
    for line in lines:
        done = attest(folder, line)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"


def test_the_page_on_build_evidence_names_verbs_and_flags_that_are_there(folder: Path) -> None:
    page = (README.parent / "docs" / "build-evidence.md").read_text(encoding="utf-8")
    whole = page.replace("\\\n", " ")
    lines = [line.strip() for line in whole.splitlines() if line.strip().startswith("attest ")]
    assert len(lines) > 8
    known: dict[str, str] = {}
    for line in lines:
        words = shlex.split(line.partition(" -- ")[0], comments=True)
        verb = " ".join(words[1:3] if words[1] in {"trust", "key", "log"} else words[1:2])
        told = known.setdefault(verb, attest(folder, f"attest {verb} --help").stdout)
        for flag in (word for word in words if word.startswith("-")):
            assert re.search(rf"^  {flag}\b", told, re.MULTILINE), f"{verb} {flag}"


def test_readme_names_files_that_are_there() -> None:
    for link in re.findall(r"\]\(([^)#]+)\)", README.read_text(encoding="utf-8")):
        if "://" not in link:
            assert (README.parent / link).exists(), link
