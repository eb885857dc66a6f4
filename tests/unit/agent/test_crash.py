"""The agent is killed at each point of its cycle, before and after each call that records or looks.

Whatever was killed, the log that the next start finds tells of the crash, and nothing in it passes for the cycle of
drift: not as a match, and not as time in which nothing happened.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from attest.agent.keeping import Reported
from attest.agent.run import Run
from attest.codec import instant
from attest.seal.request import Rules
from attest.statement.states import State
from tests.installed import make_bench
from tests.watching import Watch, make_watch
from tests.world import NOW

CYCLE = 10_000
AWAY = 31_000
"""Longer than the sealed largest gap: else a crash that tells of itself is all that there is to see."""
DRIFTING = 2
"""The cycle in which a file is there that should not be."""
CYCLES = 4
DRIFTED_AT = NOW + (DRIFTING + 1) * CYCLE


class KilledError(BaseException):
    """A SIGKILL, as far as one process can play it: no handler of ours catches it."""


class Reaper:
    """Counts the calls that record or look, and kills at one of them, before it or after it."""

    def __init__(self, at: int, *, after: bool) -> None:
        self.at, self.after, self.calls = at, after, 0
        self.names: list[str] = []

    def around(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **named: Any) -> Any:
            number, self.calls = self.calls, self.calls + 1
            self.names.append(name)
            if number == self.at and not self.after:
                raise KilledError
            came = call(*arguments, **named)
            if number == self.at:
                raise KilledError
            return came

        return counted

    def wait_at(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        for owner, name in (
            (run.recorder, "record"),
            (run.recorder, "checkpoint"),
            (run.circumstances, "begin"),
            (run.files, "keep"),
            (run._looking, "_measure"),
            (run._keeper, "report"),
            (run._keeper.turns, "after"),
        ):
            monkeypatch.setattr(owner, name, self.around(name, getattr(owner, name)))


def live(watch: Watch, run: Run) -> None:
    """Start, measure, drift in one cycle, be as sealed again, stop."""
    stray = watch.bench.tree / "stray.pth"
    run._start()
    for number in range(CYCLES):
        if number == DRIFTING:
            stray.write_bytes(b"")
        watch.hands.wait(CYCLE)
        run._cycle()
        stray.unlink(missing_ok=True)
    run._stop("enough")


@pytest.fixture(scope="module", params=[None, 6], ids=["a receipt each", "windows"])
def sealed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    bench = make_bench(tmp_path_factory.mktemp("crash"))
    return bench, bench.write(bench.seal(rules=Rules(window=request.param)))


def begin(sealed: Any, monkeypatch: pytest.MonkeyPatch) -> tuple[Watch, Path]:
    bench, reference = sealed
    shutil.rmtree(bench.folder / "log", ignore_errors=True)
    (bench.tree / "stray.pth").unlink(missing_ok=True)
    return make_watch(bench, monkeypatch), reference


def points(sealed: Any) -> int:
    """Return how many calls a run without a crash makes."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        watch, reference = begin(sealed, monkeypatch)
        with watch.running(reference) as run:
            reaper = Reaper(-1, after=False)
            reaper.wait_at(run, monkeypatch)
            live(watch, run)
        assert set(reaper.names) >= {"record", "checkpoint", "begin", "_measure", "report", "after"}
        return reaper.calls


def live_until(watch: Watch, reference: Path, reaper: Reaper, monkeypatch: pytest.MonkeyPatch) -> None:
    with watch.running(reference) as run:
        reaper.wait_at(run, monkeypatch)
        live(watch, run)


def survive(sealed: Any, at: int, *, after: bool) -> None:
    """Kill at one point, start again after a while, and hold the log against what really happened."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        watch, reference = begin(sealed, monkeypatch)
        with pytest.raises(KilledError):
            live_until(watch, reference, Reaper(at, after=after), monkeypatch)
        crashed_at, told = watch.hands.real, list(watch.seen)
        (watch.bench.tree / "stray.pth").unlink(missing_ok=True)
        watch.hands.wait(AWAY)
        watch.once(reference)
        check(watch, crashed_at, told)


def check(watch: Watch, crashed_at: int, told: list[Reported]) -> None:
    events = watch.events()
    assert events[-1] == "stop"
    verdict = watch.verdict(references=(watch.seen[0].server.opened.digest,))
    if events == ["start", "measurement", "stop"]:
        assert crashed_at == NOW, "killed before the first entry: there was no run before this one"
        return
    assert "resume" in events or events.count("stop") == 2
    assert not verdict.passed
    failed = {check.id for check in verdict.checks if check.status == "fail"}
    if any(each.cycle.state is State.DRIFT for each in told):
        assert "violation" in events
    assert failed == ({"conformance.matched"} if "violation" in events else set()) | (failed & {"freshness.cadence"})
    for payload in watch.payloads():
        measured = payload["predicate"].get("measured")
        if measured is not None and "findings" not in payload["predicate"]:
            began = measured.get("window", {}).get("beganAt", measured["startedAt"])
            assert not began <= instant.text(DRIFTED_AT) <= measured["startedAt"]


@pytest.mark.parametrize("when", ["before", "after"])
def test_no_crash_leaves_a_log_that_looks_clean(sealed: Any, when: str) -> None:
    count = points(sealed)
    assert count > 4 * CYCLES
    for at in range(count):
        survive(sealed, at, after=when == "after")
