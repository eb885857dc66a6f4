"""Rehash: a whole virtual environment read again by a warm process, against `find | xargs -P2 sha256sum`."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from benchmarks.report import Report, at_most, figure, time_outcome
from benchmarks.rounds import Candidate
from benchmarks.setting import ROOT, Setting, timed_alone

_PEER: Final = "find | xargs -P2 -n64 sha256sum"
_LOOK: Final = "look_at_roots, warm"
_SHELL: Final = 'find "$1" -type f -print0 | xargs -0 -P2 -n64 sha256sum'


def run(setting: Setting) -> Report:
    """Hash every file of the environment that runs this, by turns."""
    tree = str(ROOT / "attest") if setting.quick else sys.prefix
    with resident(tree) as ask:
        first = ask()
        others = files_hashed_by_peer(tree)
        assert (first["files"], first["trouble"]) == (others, 0), f"{first}, but {others} files for the peer"

        def peer() -> None:
            subprocess.run(["sh", "-c", _SHELL, "sh", tree], check=True, stdout=subprocess.DEVNULL)

        seen = setting.race(
            [
                Candidate(name=_PEER, run=timed_alone(peer), computes=False),
                Candidate(name=_LOOK, run=lambda: float(ask()["processor"]), computes=False),
            ],
            rounds=31,
        )
        last = ask()
    return Report(
        title=f"rehash: {last['files']} files, {last['bytes'] / 1e6:.0f} MB of a virtual environment, all of them read",
        races=(seen,),
        outcomes=(
            time_outcome(seen, _LOOK, _PEER, at_most(0.6)),
            figure("memory: the warm process, with all that an agent loads", last["peak"] / 1e6, " MB", at_most(60)),
        ),
    )


@contextmanager
def resident(tree: str, *how: str) -> Iterator[Callable[[], dict[str, Any]]]:
    """Start the warm process; give the function that has it rehash the tree and returns what it says."""
    argv = [sys.executable, "-m", "benchmarks.resident", tree, *how]
    with subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        wishes, answers = process.stdin, process.stdout
        assert wishes is not None
        assert answers is not None

        def ask() -> dict[str, Any]:
            wishes.write("again\n")
            wishes.flush()
            told: dict[str, Any] = json.loads(answers.readline())
            return told

        yield ask


def files_hashed_by_peer(tree: str) -> int:
    """Return how many files the peer finds."""
    done = subprocess.run(["sh", "-c", _SHELL, "sh", tree], check=True, stdout=subprocess.PIPE)
    return done.stdout.count(b"\n")
