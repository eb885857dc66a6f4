"""A real npm package, installed by npm, npx and pnpm: sealed in one place, measured where it is installed again.

pnpm arranges a tree otherwise than npm does, so each layout has a reference of its own; npx caches what npm installs.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from tests.world import SEALER, WRITER, write_key_pair

pytestmark = [pytest.mark.network, pytest.mark.slow, pytest.mark.installs]

SECONDS: Final = 600
PNPM: Final = {"pnpm9": "pnpm@9.15.9", "pnpm10": "pnpm@10.34.9"}
"""Two that note their state in another language each."""
PACKAGE: Final = "which@5.0.0"
"""Small, with a command and one dependency."""

_QUIET: Final = ("--silent", "--ignore-scripts", "--no-audit", "--no-fund")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys, a trust file, pnpm, and the archives with the lock file that names them."""
    missing = [program for program in ("node", "npm", "npx") if shutil.which(program) is None]
    if missing:
        pytest.skip(f"no {', '.join(missing)} at hand")
    place = tmp_path_factory.mktemp("npm")
    for name, key in (("sealer", SEALER), ("writer", WRITER)):
        write_key_pair(place, name, key)
    attest(place, "trust", "new", "trust.json", "--sealer", "sealer.key.pub", "--writer", "writer.key.pub")
    attest(place, "fetch", f"pkg:npm/{PACKAGE}", "-o", "evidence")
    for name, package in PNPM.items():
        run(place, "npm", "install", *_QUIET, "--prefix", name, package)
    return place


def run(folder: Path, *words: str | Path, **environment: str) -> str:
    """Run a command to its end, and return what it printed."""
    done = subprocess.run(
        words, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, timeout=SECONDS,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{words[:5]}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout


def attest(folder: Path, *words: str | Path) -> str:
    return run(folder, sys.executable, "-m", "attest", *words)


def by_npm(folder: Path, place: Path) -> Path:
    run(place, "npm", "install", *_QUIET, PACKAGE)
    return place


def by_npx(folder: Path, place: Path) -> Path:
    """Start the command once, which leaves the package in npx's cache."""
    cache = place / "cache"
    run(place, "npx", "--yes", f"--package={PACKAGE}", "--", "node-which", "node", npm_config_cache=str(cache))
    [found] = (cache / "_npx").iterdir()
    return found


def by_pnpm(folder: Path, place: Path, program: str) -> Path:
    name, _, version = PACKAGE.partition("@")
    (place / "package.json").write_text(json.dumps({"private": True, "dependencies": {name: version}}))
    store = f"--store-dir={place.parent / f'{place.name}-store'}"
    run(place, folder / program / "node_modules/.bin/pnpm", "install", "--silent", "--ignore-scripts", store)
    return place


MADE_BY: Final[dict[str, Callable[[Path, Path], Path]]] = {
    "npm": by_npm,
    "npx": by_npx,
    **{program: partial(by_pnpm, program=program) for program in PNPM},
}


def seal(folder: Path, tree: Path, name: str) -> None:
    files = ["--evidence", "evidence", "--allow-site", "package.json"]
    attest(folder, "seal", tree, "--trust", "trust.json", "--key", "sealer.key", "-o", name, *files)


def measure(folder: Path, tree: Path, name: str, log: str) -> subprocess.CompletedProcess[str]:
    words = ["agent", name, "--trust", "trust.json", "--key", "writer.key", "--log", log, "--once"]
    return subprocess.run(
        [sys.executable, "-m", "attest", *words, "--root", f"tree={tree}"],
        cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("made_by", MADE_BY)
def test_a_package_matches_itself_where_it_is_installed_again(made_by: str, folder: Path, tmp_path: Path) -> None:
    places = [tmp_path / "one", tmp_path / "deeper/down/other"]
    for place in places:
        place.mkdir(parents=True)
    sealed, other = (MADE_BY[made_by](folder, place) for place in places)
    name = f"{made_by}.ref"
    seal(folder, sealed, name)
    shutil.rmtree(sealed)
    found = measure(folder, other, name, f"{made_by}-log")
    assert found.returncode == 0, found.stdout + found.stderr
    assert " MATCH " in found.stdout
    [program, *_] = other.glob("**/which/lib/index.js")
    program.write_bytes(program.read_bytes() + b"\n")
    changed = measure(folder, other, name, f"{made_by}-changed")
    assert changed.returncode == 1, changed.stdout + changed.stderr
    assert "which/lib/index.js" in changed.stdout
