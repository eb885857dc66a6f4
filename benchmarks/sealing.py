"""Seal a server of 4,000 files, sources and byte code, against hashing it and compiling its sources once.

What has to be done at least: every file hashed, every source compiled to see that its byte code follows from it. The
sources are those of the standard library, packed into wheels and installed as pip does.
"""

from __future__ import annotations

import itertools
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from attest.codec.octets import sha256_hex
from attest.trust.making import make_trust, write_trust
from benchmarks.report import Report, at_most, figure, time_outcome
from benchmarks.rounds import Candidate
from benchmarks.setting import ROOT, Setting, timed_alone
from tests.installed import install
from tests.world import SEALER, WRITER, make_wheel, write_key_pair

SOURCES: Final = 2000
"""With as many files of byte code: a server of 4,000 files."""

_PER_WHEEL: Final = 100
_PEER: Final = "xargs -P2 sha256sum, compileall -f"
_SEAL: Final = "attest seal"
_SHELL: Final = 'find "$1" -type f -print0 | xargs -0 -P2 -n64 sha256sum && "$2" -m compileall -q -f "$1"'


def run(setting: Setting) -> Report:
    """Seal again and again what does not change."""
    folder = setting.folder / "sealing"
    tree, files, octets = _make_server(folder, setting.size(SOURCES))
    copy = folder / "copy"
    shutil.copytree(tree, copy)
    seal = ["seal", str(tree), "--trust", "trust.json", "--key", "sealer.key", "--evidence", "evidence", "-o", "ref"]

    def peer() -> None:
        subprocess.run(["sh", "-c", _SHELL, "sh", copy, sys.executable], check=True, stdout=subprocess.DEVNULL)

    def ours() -> None:
        subprocess.run([sys.executable, "-m", "attest", *seal], cwd=folder, check=True, capture_output=True)

    seen = setting.race(
        [
            Candidate(name=_PEER, run=timed_alone(peer), computes=False),
            Candidate(name=_SEAL, run=timed_alone(ours), computes=False),
        ],
        rounds=7,
        longest=60,
    )
    return Report(
        title=f"sealing: {files} files, {octets / 1e6:.0f} MB, half of them byte code, whole processes",
        races=(seen,),
        outcomes=(
            time_outcome(seen, _SEAL, _PEER, at_most(2)),
            figure("memory: the largest process of a sealing", _peak(folder, seal) / 1e6, " MB", at_most(120)),
        ),
    )


def _make_server(folder: Path, sources: int) -> tuple[Path, int, int]:
    """Write wheels, install them, compile them; return the tree, its files and their bytes."""
    evidence, tree = folder / "evidence", folder / "site"
    evidence.mkdir(parents=True)
    lines: list[str] = []
    modules = _modules(sources)
    for number in itertools.count():
        files = dict(itertools.islice(modules, _PER_WHEEL))
        if not files:
            break
        package = {f"part{number}/{name}": octets for name, octets in files.items()}
        wheel = make_wheel(evidence, name=f"part{number}", files=package)
        install(wheel, folder / "one")
        shutil.copytree(folder / "one", tree, dirs_exist_ok=True)
        shutil.rmtree(folder / "one")
        lines.append(f"part{number}==1.0 --hash=sha256:{sha256_hex(wheel.read_bytes())}\n")
    (evidence / "requirements.txt").write_text("".join(lines), encoding="utf-8")
    subprocess.run([sys.executable, "-m", "compileall", "-q", tree], check=True)
    write_key_pair(folder, "sealer", SEALER)
    trust = make_trust(sealers=[SEALER.public], writers=[WRITER.public])
    (folder / "trust.json").write_bytes(write_trust(trust))
    seen = [path.stat().st_size for path in tree.rglob("*") if path.is_file()]
    return tree, len(seen), sum(seen)


def _modules(sources: int) -> Iterator[tuple[str, bytes]]:
    """Yield modules of the standard library that compile, over and over under new names, until there are enough."""
    paths = sorted(Path(sysconfig.get_path("stdlib")).glob("[a-z]*.py"))
    texts = [path.read_bytes() for path in paths]
    for number in range(sources):
        yield f"m{number}.py", b"# %d\n" % number + texts[number % len(texts)]


def _peak(folder: Path, seal: list[str]) -> int:
    """Return the most memory that any process of a sealing held, in bytes."""
    program = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, capture_output=True); "
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)"
    )
    words = [sys.executable, "-c", program, sys.executable, "-m", "attest", *seal]
    return int(subprocess.run(words, cwd=folder, check=True, capture_output=True, env=_environment()).stdout)


def _environment() -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)}
