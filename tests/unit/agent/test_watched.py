"""The first look at a process is what later ones are held against: only one that saw it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from attest.agent import watched as module
from attest.measure.process import ProcessHandle, Wanted, observe_process
from attest.seal.request import Rules
from attest.statement.findings import FindingKind
from attest.statement.observation import ObservedProcess, Trouble
from attest.statement.states import State
from tests.installed import make_bench
from tests.processes import started
from tests.watching import kinds, make_watch, states

SERVE = "print('ready', flush=True)\ninput()\n"


def test_a_first_look_in_trouble_makes_no_later_one_drift(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watch = make_watch(make_bench(tmp_path), monkeypatch)
    script = watch.bench.tree / "serve.py"
    script.write_text(SERVE)
    command = (sys.executable, str(script))
    reference = watch.bench.write(watch.bench.seal(command=command, allow_site=("serve.py",), rules=Rules()))
    troubles = [Trouble(kind=FindingKind.UNSTABLE, detail="it was in the middle of its exec")]

    def observe(handle: ProcessHandle, wanted: Wanted) -> ObservedProcess:
        if not troubles:
            return observe_process(handle, wanted)
        return ObservedProcess(
            pid=handle.pid,
            start_time_ticks=handle.start_time_ticks,
            boot_id=handle.boot_id,
            alive=True,
            trouble=troubles.pop(),
        )

    monkeypatch.setattr(module, "observe_process", observe)
    with started(command) as handle, watch.running(reference, pid=handle.pid) as run:
        run._start()
        for _ in range(3):
            run._cycle()
    assert kinds(watch.seen[0]) == [FindingKind.UNSTABLE]
    assert states(watch.seen) == [State.UNKNOWN, State.MATCH, State.MATCH]
