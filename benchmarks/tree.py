"""Tree: every file of a large tree read again by a warm agent, under leases, against C with OpenSSL and other tools.

The floor is a loop in C on two threads that does nothing but open, read and hash (`floor.c`), compiled here. AIDE and
model_signing take part where they are installed. What a cached cycle costs is held against a bare pass of `stat`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from benchmarks.agents import make_tree
from benchmarks.rehash import resident
from benchmarks.report import Outcome, Report, at_most, figure, time_outcome
from benchmarks.rounds import Candidate, Race
from benchmarks.setting import ROOT, Setting, timed_alone

_FLOOR: Final = "C and OpenSSL, two threads"
_SHA256SUM: Final = "find | xargs -P2 -n64 sha256sum"
_AIDE: Final = "aide --check"
_MODEL_SIGNING: Final = "model_signing verify"
_FULL: Final = "look_at_roots, all read"
_CACHED: Final = "look_at_roots, cached"
_STAT: Final = "scandir and stat, bare"
_SIZES: Final = {4_000: 2_000, 32_000: 1_500, 400_000: 500}
"""Bytes, and how many files of that size: as those of `/usr/lib`, 64 kB on average, most of them small."""
_SOURCE: Final = Path(__file__).with_name("floor.c")
_SHELL: Final = 'find "$1" -xdev -type f -print0 | xargs -0 -P2 -n64 sha256sum'


def run(setting: Setting) -> Report:
    """Read a large tree, and then a server's, by turns with the others."""
    sizes = {size: setting.size(count) for size, count in _SIZES.items()}
    large, server = (
        str(make_tree(setting.folder / "large", sizes)),
        str(ROOT / "attest") if setting.quick else sys.prefix,
    )
    floor, remarks = compile_floor(setting.folder), list[str]()
    full, stats = full_race(setting, large, floor, remarks)
    # Goals are for what an agent reads with a helper: `big-tree`.
    races, outcomes = [full], [replace(each, goal=None) for each in stats]
    peers = [peer for peer in (_aide(setting.folder, server), _model_signing(setting.folder, server)) if peer]
    remarks += [
        f"skipped, not installed or not able: {name}" for name in (_AIDE, _MODEL_SIGNING) if name not in dict(peers)
    ]
    with resident(server) as ask, resident(server, "cached") as cached:
        seen = setting.race(
            [
                Candidate(name=_FULL, run=lambda: float(ask()["processor"]), computes=False),
                Candidate(name=_CACHED, run=lambda: float(cached()["processor"]), computes=False),
                Candidate(name=_STAT, run=timed_alone(lambda: _stat_pass(server)), computes=False),
                *(Candidate(name=name, run=timed_alone(peer), computes=False) for name, peer in peers),
            ],
            rounds=9,
            longest=30.0,
        )
        last, kept = ask(), cached()
    races.append(seen)
    remarks.append(f"server's tree: {last['files']} files, {last['bytes'] / 1e6:.0f} MB, {kept['cached']} cached")
    outcomes += [time_outcome(seen, _FULL, name, at_most(0.2)) for name, _ in peers]
    outcomes.append(time_outcome(seen, _CACHED, _STAT, at_most(3)))
    outcomes.append(figure("processor: this environment every 10 s, of one core", last["processor"] * 10, " %"))
    outcomes.append(figure("memory: the warm process with its cache", kept["peak"] / 1e6, " MB", at_most(60)))
    return Report(
        title="tree: all of it read, and not read again",
        races=tuple(races),
        outcomes=tuple(outcomes),
        remarks=tuple(remarks),
    )


def full_race(setting: Setting, tree: str, floor: Path | None, remarks: list[str]) -> tuple[Race, list[Outcome]]:
    """Have the whole tree read by turns; what stands beside the figures is added to `remarks`."""
    candidates = [
        Candidate(name=_SHA256SUM, run=timed_alone(lambda: _silently("sh", "-c", _SHELL, "sh", tree)), computes=False)
    ]
    if floor is None:
        remarks.append(f"skipped, no C compiler or no OpenSSL headers: {_FLOOR}")
    else:
        candidates.append(Candidate(name=_FLOOR, run=timed_alone(lambda: _silently(str(floor), tree)), computes=False))
    with resident(tree) as ask:
        candidates.append(Candidate(name=_FULL, run=lambda: float(ask()["processor"]), computes=False))
        seen = setting.race(candidates, rounds=9, longest=30.0)
        last = ask()
    remarks.append(
        f"{last['files']} files, {last['bytes'] / 1e6:.0f} MB, {last['trouble']} in trouble, "
        f"{'all' if last['leased'] else 'not all'} under leases"
    )
    outcomes = [time_outcome(seen, _FULL, _SHA256SUM, at_most(0.4))]
    if floor is not None:
        outcomes.append(time_outcome(seen, _FULL, _FLOOR, at_most(1.3)))
    return seen, outcomes


def compile_floor(folder: Path) -> Path | None:
    """Compile the floor; None where that cannot be done."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    program = folder / "floor"
    argv = [compiler, "-O2", "-o", str(program), str(_SOURCE), "-lcrypto", "-lpthread"]
    done = subprocess.run(argv, check=False, stderr=subprocess.DEVNULL)
    return program if done.returncode == 0 else None


def _stat_pass(tree: str) -> int:
    """Do what any cache has to do at least: list each directory and ask for the status of each file."""
    count, waiting = 0, [tree]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                else:
                    entry.stat(follow_symlinks=False)
                    count += 1
    return count


def _aide(folder: Path, tree: str) -> tuple[str, Callable[[], object]] | None:
    program = shutil.which("aide")
    if program is None:
        return None
    settings = folder / "aide.conf"
    lines = (
        f"database_in=file:{folder}/aide.db",
        f"database_out=file:{folder}/aide.db",
        "gzip_dbout=no",
        f"{tree} p+ftype+sha256",
    )
    settings.write_text("\n".join(lines) + "\n", encoding="utf-8")
    _silently(program, "--init", "-c", str(settings))
    return _AIDE, lambda: _silently(program, "--check", "-c", str(settings))


def _model_signing(folder: Path, tree: str) -> tuple[str, Callable[[], object]] | None:
    program = shutil.which("model_signing")
    if program is None:
        return None
    key = folder / "signing.pem"
    _silently("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", str(key))
    _silently("openssl", "ec", "-in", str(key), "-pubout", "-out", f"{key}.pub")
    signature = f"{folder}/model.sig"
    given = ["--allow_symlinks", "--signature", signature]
    try:
        _silently(program, "sign", "key", tree, *given, "--private_key", str(key))
    except subprocess.CalledProcessError:
        return None
    return _MODEL_SIGNING, lambda: _silently(program, "verify", "key", tree, *given, "--public_key", f"{key}.pub")


def _silently(*argv: str) -> None:
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
