"""Servers that are sealed for a benchmark, in whole environments and made trees, and agents that watch them."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, Final

from attest.codec.files import write_file
from attest.seal.request import Rules, SealRequest, Tree
from attest.seal.seal import seal
from attest.statement.companions import attachments_path, manifest_path
from attest.trust.making import write_trust
from benchmarks.setting import ROOT
from tests.world import SEALER, TRUST, WRITER, make_trust_file, write_key_pair

_SERVER: Final = "import sys, time\nprint('ready', flush=True)\ntime.sleep(86400)\n"
_BLOCK_BYTES: Final = 16 * 1024 * 1024
_FOLDER_FILES: Final = 50


def copy_environment(place: Path) -> Path:
    """Make an environment in `place` of what a server in Python needs: the `mcp` package and all it requires, and pip.

    That is what the reference servers' own environments are made of.
    """
    library = place / Path(sysconfig.get_path("purelib")).relative_to(sys.prefix)
    library.mkdir(parents=True)
    (place / "bin").mkdir()
    (place / "bin/python").symlink_to(Path(sys.executable).resolve())
    shutil.copy(Path(sys.prefix) / "pyvenv.cfg", place)
    for name in sorted(_required("mcp", {"pip"})):
        for file in distribution(name).files or ():
            source, target = Path(str(file.locate())), library / file
            if ".." not in file.parts and source.is_file():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, target)
    (place / "serve.py").write_text(_SERVER, "utf-8")
    return place


def _required(name: str, known: set[str]) -> set[str]:
    """Return `known`, with a distribution and all that it requires and that is installed here."""
    try:
        requires = distribution(name).requires or ()
    except PackageNotFoundError:
        return known
    known.add(name)
    for each in (line.partition(";")[0] for line in requires if "extra ==" not in line):
        inner = re.split(r"[^A-Za-z0-9._-]", each, maxsplit=1)[0].lower()
        if inner not in known:
            _required(inner, known)
    return known


def make_tree(place: Path, sizes: dict[int, int]) -> Path:
    """Make a tree with so many files of each size (bytes), the same each time, no two of them equal."""
    block = _noise(_BLOCK_BYTES)
    for size, count in sizes.items():
        for number in range(count):
            folder = place / f"{size}/{number // (_FOLDER_FILES**2)}/{number // _FOLDER_FILES % _FOLDER_FILES}"
            if number % _FOLDER_FILES == 0:
                folder.mkdir(parents=True, exist_ok=True)
            with (folder / f"file-{number}.bin").open("wb") as file:
                file.write(number.to_bytes(8, "big"))
                for begin in range(8, size, _BLOCK_BYTES):
                    file.write(memoryview(block)[: min(_BLOCK_BYTES, size - begin)])
    return place


def seal_tree(tree: Path, folder: Path, *, command: tuple[str, ...] = ()) -> Path:
    """Seal a tree as it stands, keys and trust file beside the reference in `folder`; return the reference."""
    folder.mkdir(parents=True)
    write_key_pair(folder, "writer", WRITER)
    (folder / "trust.json").write_bytes(write_trust(make_trust_file()))
    request = SealRequest(
        trees=(Tree(name="tree", path=tree),),
        allow_site=("**",),
        command=command,
        rules=Rules(cycle=10, max_gap=3600, max_age=7200),
    )
    sealed = seal(request, TRUST, lambda: SEALER, at=time.time_ns() // 1_000_000)
    path = folder / "server.ref"
    write_file(manifest_path(path), [sealed.manifest])
    write_file(attachments_path(path), sealed.attachments)
    write_file(path, [sealed.envelope, b"\n"])
    return path


def command_in(environment: Path) -> tuple[str, str]:
    """Return the command of the server in a copied environment."""
    return str(environment / "bin/python"), str(environment / "serve.py")


@contextmanager
def serving(command: tuple[str, ...]) -> Iterator[int]:
    """Start a server that waits; give its pid."""
    environment = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            yield process.pid
        finally:
            process.kill()


@contextmanager
def watching(reference: Path, *, cycle_seconds: int, pid: int | None = None) -> Iterator[Callable[[], dict[str, Any]]]:
    """Have an agent watch; give the function that waits for its next cycle and returns what it says."""
    words = [str(reference), str(reference.with_name("log")), str(cycle_seconds), *([] if pid is None else [str(pid)])]
    argv = [sys.executable, "-m", "benchmarks.watched", *words]
    with subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        answers = process.stdout
        assert answers is not None

        def ask() -> dict[str, Any]:
            told: dict[str, Any] = json.loads(answers.readline())
            return told

        yield ask
        assert process.stdin is not None
        process.stdin.close()
        answers.read()


def _noise(size: int) -> bytes:
    """Return bytes that no file system compresses, the same each time."""
    return random.Random(20261122).randbytes(size)  # noqa: S311  (the same each time is what is wanted)
