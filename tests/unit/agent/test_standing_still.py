"""What an agent cannot help: it is stopped, or its disk is full. The log shows it, and nothing else is reported."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from attest.agent.run import Run
from attest.errors import UnavailableError
from attest.seal.request import Rules
from tests.installed import make_bench
from tests.launches import make_launch_bench, story
from tests.mounts import mounted
from tests.waiting import PATIENCE_SECONDS, wait_until
from tests.watching import Watch, make_watch

CYCLE = 10_000


def test_an_agent_that_was_stopped_for_longer_than_the_largest_gap_fails(tmp_path: Path) -> None:
    bench = make_launch_bench(tmp_path)
    rules = Rules(cycle=1, max_gap=3)
    bench.write(bench.seal(at=time.time_ns() // 1_000_000, rules=rules))
    words = ["agent", "server.ref", "--trust", "trust.json", "--key", "writer.key", "--log", "log"]
    argv = [sys.executable, "-m", "attest", *words]
    with subprocess.Popen(argv, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as agent:
        try:
            wait_until(lambda: (tmp_path / "log/log.db").exists() and "runtime-measurement" in story(bench))
            before = story(bench).count("runtime-measurement")
            agent.send_signal(signal.SIGSTOP)
            time.sleep(rules.max_gap + 1)  # how long it stands still is what this is about
            agent.send_signal(signal.SIGCONT)
            wait_until(lambda: story(bench).count("runtime-measurement") > before + 1)
            agent.terminate()
            _, said = agent.communicate(timeout=PATIENCE_SECONDS)
        finally:
            agent.kill()
    assert story(bench)[-1] == "stop", said.decode()
    # A look that was under way while it stood still was not answered in time.
    assert {"freshness.cadence"} <= failing(tmp_path) <= {"freshness.cadence", "conformance.matched"}


def failing(folder: Path) -> set[str]:
    """Return the checks that fail of the exported log."""
    attest = [sys.executable, "-m", "attest"]
    subprocess.run([*attest, "bundle", "log", "-o", "evidence.jsonl"], cwd=folder, check=True, capture_output=True)
    words = ["verify", "evidence.jsonl", "--trust", "trust.json", "--reference", "server.ref", "--format", "json"]
    done = subprocess.run([*attest, *words], cwd=folder, check=False, capture_output=True, text=True)
    return {each["id"] for each in json.loads(done.stdout)["checks"] if each["status"] == "fail"}


def test_on_a_full_disk_nothing_is_reported_and_the_next_start_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make_bench(tmp_path)
    watch = make_watch(bench, monkeypatch)
    reference = bench.write(bench.seal())
    watch.log.mkdir(mode=0o700)
    with mounted("-t", "tmpfs", "-o", "size=1m", "none", watch.log):
        with watch.running(reference) as run:
            run._start()
            run._cycle()
            fill(watch.log / "filler")
            with pytest.raises(UnavailableError):
                go_on(watch, run)
            reported = len(watch.seen)
        (watch.log / "filler").unlink()
        watch.once(reference)
        events = watch.events()
    assert "resume" in events
    assert events.count("measurement") == reported + 1
    assert events[-1] == "stop"


def go_on(watch: Watch, run: Run) -> None:
    for _ in range(500):
        watch.hands.wait(CYCLE)
        run._cycle()


def fill(path: Path) -> None:
    """Write a file until nothing more fits beside it."""
    with path.open("wb", buffering=0) as file:
        for size in (4096, 1):
            try:
                while file.write(bytes(size)):
                    os.fsync(file.fileno())
            except OSError:
                continue
