"""Attest gates attest: install our own wheel, seal it with its own evidence, and let it judge under its own watch.

`python -m scripts.own_gate WORK --dist DIST --evidence DIR --trust T --sealer-key K --writer-key K [VERIFY FLAG...]`
ends with 0 if the evidence of that run passes about the very wheel in DIST, and leaves it as WORK/own.jsonl. The
policy is .github/attest-policy.toml. What the
gate under watch judges is a small server, sealed and measured before.
"""

from __future__ import annotations

import argparse
import secrets
import shutil
import subprocess
import sys
import time
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scripts.release import PINS, PROJECT, ROOT

POLICY: Final = ROOT / ".github/attest-policy.toml"
ATTEST: Final = (sys.executable, "-m", "attest")
SERVER: Final = "#!/bin/sh\nexec cat\n"
LOOKS: Final = 2
"""One at the files before the start, one at the process."""
LONGEST_S: Final = 300


@dataclass(frozen=True, kw_only=True)
class Gate:
    """Where it works, who says what counts, and which run this is."""

    work: Path
    wheel: Path
    evidence: Path
    """A folder of what the build left behind: provenance, and the SBOM as it was attested."""
    trust: Path
    sealer_key: Path
    writer_key: Path
    nonce: str
    context: tuple[str, ...] = ()
    """Of which commit and run of the CI this is: NAME=VALUE."""

    @property
    def run(self) -> tuple[str, ...]:
        """What a run is started with, and held against."""
        named = (f"version={PROJECT['version']}", *self.context)
        return ("--nonce", self.nonce, *(word for each in named for word in ("--context", each)))


def attest(gate: Gate, *words: str | Path) -> None:
    """Run a command that has to go well, in the folder of the work."""
    subprocess.run([*ATTEST, *words], cwd=gate.work, check=True, stdout=sys.stderr)


def install(gate: Gate) -> None:
    """Install the wheel and what it is pinned to, as a user would, and keep every archive."""
    archives = gate.work / "archives"
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    quiet = ("--quiet", "--no-deps")
    pinned = ("--require-hashes", "--only-binary", ":all:", "--requirement", PINS)
    subprocess.run([*pip, "download", *quiet, *pinned, "--dest", archives], check=True)
    shutil.copy(gate.wheel, archives)
    venv.create(gate.work / "venv", with_pip=False)
    into: tuple[str | Path, ...] = (
        "--python",
        gate.work / "venv/bin/python",
        "install",
        *quiet,
        "--no-compile",
        "--no-index",
    )
    wheels = sorted(archives.glob("*.whl"))
    subprocess.run([*pip, *into, *wheels], check=True)
    shutil.copytree(gate.evidence, archives, dirs_exist_ok=True)


def prepare(gate: Gate) -> None:
    """Seal and measure the small server that will be judged, under a trust file that demands nothing of its build."""
    program = gate.work / "server/run.sh"
    program.parent.mkdir()
    program.write_text(SERVER, encoding="utf-8")
    program.chmod(0o755)
    believed = ("--sealer", f"{gate.sealer_key}.pub", "--writer", f"{gate.writer_key}.pub")
    attest(gate, "trust", "new", "judged.json", *believed)
    sealed = ("--trust", "judged.json", "--key", gate.sealer_key, "--allow-site", "*", "-o", "judged.ref")
    attest(gate, "seal", "server", *sealed, "--", "server/run.sh")
    measured = ("--trust", "judged.json", "--key", gate.writer_key, "--log", "judged", "--once")
    attest(gate, "agent", "judged.ref", *measured)
    attest(gate, "bundle", "judged", "-o", "judged.jsonl")


def seal(gate: Gate) -> None:
    """Seal what is installed, and the command that judges: every file is tied to an archive, or this is refused."""
    judge = ("venv/bin/attest", "verify", "-", "--trust", "judged.json", "--reference", "judged.ref")
    sealed = ("--trust", gate.trust, "--key", gate.sealer_key, "--evidence", "archives", "-o", "own.ref")
    attest(gate, "seal", "venv", *sealed, "--", *judge)


def watch(gate: Gate) -> int:
    """Run the judge under watch, and hand it what it judges once its process was looked at; return its exit code."""
    given: tuple[str | Path, ...] = ("--trust", gate.trust, "--key", gate.writer_key, "--log", "own", *gate.run)
    words = [*ATTEST, "run", "own.ref", *given]
    with subprocess.Popen(words, cwd=gate.work, stdin=subprocess.PIPE, stdout=sys.stderr) as process:
        ends = time.monotonic() + LONGEST_S
        while process.poll() is None and time.monotonic() < ends and _looks(gate) < LOOKS:
            time.sleep(0.1)
        process.communicate((gate.work / "judged.jsonl").read_bytes())
    attest(gate, "bundle", "own", "-o", "own.jsonl")
    return process.returncode


def _looks(gate: Gate) -> int:
    """Return how many measurements the log holds by now."""
    shown = subprocess.run([*ATTEST, "log", "show", "own"], cwd=gate.work, capture_output=True, check=False)
    return shown.stdout.count(b"runtime-measurement")


def judged_by(gate: Gate) -> tuple[str, ...]:
    """Return the arguments that the evidence is judged by: this very wheel, in this run."""
    about = ("--reference", "own.ref", "--artifact", str(gate.wheel), "--kind", "evidence-bundle", *gate.run)
    return ("verify", "own.jsonl", "--trust", str(gate.trust), "--policy", str(POLICY), *about)


def main() -> int:
    """Do it all; return 0 if the evidence passes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", type=Path)
    for name in ("--dist", "--evidence", "--trust", "--sealer-key", "--writer-key"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--context", action="append", default=[], metavar="NAME=VALUE")
    asked, more = parser.parse_known_args()
    asked.work.mkdir()
    (wheel,) = asked.dist.resolve().glob("*.whl")
    gate = Gate(
        work=asked.work.resolve(),
        wheel=wheel,
        evidence=asked.evidence.resolve(),
        trust=asked.trust.resolve(),
        sealer_key=asked.sealer_key.resolve(),
        writer_key=asked.writer_key.resolve(),
        nonce=secrets.token_hex(16),
        context=tuple(asked.context),
    )
    for step in (install, prepare, seal, watch):
        step(gate)
    return subprocess.run([*ATTEST, *judged_by(gate), *more], cwd=gate.work, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
