"""Composed: a warm cycle over a server and the interpreter it runs on, against hashing the same files.

The interpreter is a copy of ours, its byte code written, so that what is sealed has the usual share of derived files.
"""

from __future__ import annotations

import compileall
import shutil
import subprocess
import sys
import sysconfig
import time
from pathlib import Path
from typing import Final

from attest.agent.closure import Looks
from attest.agent.composing import compose
from attest.agent.cycle import measure_once
from attest.agent.sealed import SealedServer, load_sealed
from attest.codec.clock import system_clock
from attest.codec.files import write_file
from attest.measure.deriver import Deriver
from attest.measure.runtimes.finding import find_runtime
from attest.seal.request import SealRequest, Tree
from attest.seal.seal import seal
from attest.seal.sealed import Sealed
from attest.statement.companions import manifest_path
from attest.statement.states import State
from benchmarks.report import Report, at_most, time_outcome
from benchmarks.rounds import Candidate
from benchmarks.setting import Setting, timed_alone
from tests.world import SEALER, TRUST

_PEER: Final = "xargs -P2 -n64 sha256sum"
_CYCLE: Final = "a cycle, judged, warm"
_LEFT_OUT: Final = ("test", "idlelib", "lib2to3", "tkinter", "ensurepip", "config-*", "__pycache__", "*-packages")


def run(setting: Setting) -> Report:
    """Measure server and interpreter together, and hash all their files, by turns."""
    references = _seal(setting.folder / "composed", quick=setting.quick)
    clock = system_clock()
    [server] = compose([load_sealed(path, TRUST, at=clock.real(), places={}) for path in references])
    deriver = Deriver()

    def cycle() -> None:
        cycle = measure_once(server, None, Looks(deriver=deriver, clock_ms=clock.real), clock)
        assert cycle.state is State.MATCH, cycle.findings

    files = _files(server)
    names = b"\0".join(str(path).encode() for path in files)

    def peer() -> None:
        words = ["xargs", "-0", "-P2", "-n64", "sha256sum"]
        subprocess.run(words, input=names, stdout=subprocess.DEVNULL, check=True)

    seen = setting.race(
        [
            Candidate(name=_PEER, run=timed_alone(peer), computes=False),
            Candidate(name=_CYCLE, run=timed_alone(cycle), computes=False),
        ],
        rounds=31,
    )
    size = sum(path.stat().st_size for path in files)
    return Report(
        title=f"composed: a server and its interpreter, {len(files)} files, {size / 1e6:.0f} MB, measured in one cycle",
        races=(seen,),
        outcomes=(time_outcome(seen, _CYCLE, _PEER, at_most(0.6)),),
    )


def _seal(folder: Path, *, quick: bool) -> tuple[Path, Path]:
    """Copy the interpreter, make an environment of it, and seal both; return the two references."""
    ours = find_runtime(sys.executable)
    library = Path(sysconfig.get_path("stdlib"))
    left_out = (*_LEFT_OUT, "[a-dg-z]*") if quick else _LEFT_OUT
    copy = folder / "python/lib" / library.name
    shutil.copytree(library, copy, ignore=shutil.ignore_patterns(*left_out))
    shutil.copy(library / "os.py", copy)
    program = folder / "python/bin" / Path(ours.program).name
    program.parent.mkdir()
    shutil.copy(ours.program, program)
    compileall.compile_dir(copy, quiet=2)
    link = folder / "server/bin/python"
    link.parent.mkdir(parents=True)
    link.symlink_to(program)
    (folder / "server/pyvenv.cfg").write_text(f"home = {program.parent}\ninclude-system-site-packages = false\n")
    (folder / "server/serve.py").write_bytes(b"print('ready')\n")
    at = time.time_ns() // 1_000_000
    runtime = _write(folder / "python.ref", seal(SealRequest(program=program), TRUST, lambda: SEALER, at=at))
    server = SealRequest(
        trees=(Tree(name="tree", path=folder / "server"),),
        allow_site=("serve.py",),
        runtime=runtime,
        command=(str(link), str(folder / "server/serve.py")),
    )
    return runtime, _write(folder / "server.ref", seal(server, TRUST, lambda: SEALER, at=at))


def _write(path: Path, sealed: Sealed) -> Path:
    write_file(manifest_path(path), [sealed.manifest])
    write_file(path, [sealed.envelope, b"\n"])
    return path


def _files(server: SealedServer) -> list[Path]:
    """Return every regular file of both closures."""
    closures = [server, server.runtime] if server.runtime is not None else [server]
    paths = [Path(each.places[root], path) for each in closures for root, path in each.entries]
    return [path for path in paths if path.is_file() and not path.is_symlink()]
