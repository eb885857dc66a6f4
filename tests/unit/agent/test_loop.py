"""One agent, many servers: spread, measured beside one another, and none waits for one that does not answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from attest.agent.closure import Looks
from attest.agent.cycle import measure_once
from attest.agent.looking import Judged
from attest.agent.run import Run
from attest.agent.target import Target
from attest.errors import UnavailableError
from attest.seal.request import Rules
from attest.statement.findings import FindingKind
from attest.statement.states import State
from tests.installed import Bench, make_bench
from tests.restored import Restored
from tests.waiting import PATIENCE_SECONDS
from tests.watching import Watch, make_watch, states


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Bench, Restored]:
    bench = make_bench(tmp_path_factory.mktemp("loop"))
    return bench, Restored(bench.folder)


@pytest.fixture
def watch(made: tuple[Bench, Restored], monkeypatch: pytest.MonkeyPatch) -> Watch:
    bench, restored = made
    restored.again()
    return make_watch(bench, monkeypatch)


@pytest.fixture
def servers(watch: Watch) -> tuple[Path, ...]:
    """Three servers of other names, in one place."""
    return tuple(watch.bench.write(watch.bench.seal(name=name), f"{name}.ref") for name in ("one", "two", "three"))


class Stuck:
    """Looks that hang until they are let go; all others are real."""

    def __init__(self, run: Run, *names: str) -> None:
        self.names = set(names)
        self.let_go = threading.Event()
        self.looked: list[str] = []
        self._run = run

    def __call__(self, target: Target, looks: Looks) -> Judged:
        name = target.server.reference.server.name
        self.looked.append(name)
        if name in self.names:
            self.let_go.wait(PATIENCE_SECONDS)
        cycle = measure_once(target.server, target.watched, looks, self._run.clock)
        return Judged(by=target.server, cycle=cycle)


def drive(watch: Watch, run: Run, monkeypatch: pytest.MonkeyPatch, *, seconds: int, stuck: int = 0) -> None:
    """Let so many seconds pass on both clocks, never while a look is under way that will be answered."""
    end, really_take = watch.hands.boot + seconds * 1000, run._looking.take

    def wait(_seconds: float) -> None:
        watch.hands.wait(100)
        if watch.hands.boot >= end:
            run.stop.set()

    def take(seconds: float) -> object:
        if len(run._looking._begun) > stuck:
            return really_take(PATIENCE_SECONDS)
        wait(seconds)
        return really_take(0)

    monkeypatch.setattr(run, "_wait", wait)
    monkeypatch.setattr(run._looking, "take", take)
    run.until_stopped()


@pytest.fixture
def let_go() -> Iterator[list[Stuck]]:
    stuck: list[Stuck] = []
    yield stuck
    for each in stuck:
        each.let_go.set()


def watched_by(run: Run, let_go: list[Stuck], *names: str) -> Stuck:
    stuck = Stuck(run, *names)
    let_go.append(stuck)
    run._looking._measure = stuck
    return stuck


def names(watch: Watch, state: State) -> list[str]:
    return [each.server.reference.server.name for each in watch.seen if each.cycle.state is state]


def test_cycles_are_spread_over_the_interval(watch, servers, monkeypatch, let_go) -> None:
    with watch.running(*servers) as run:
        stuck = watched_by(run, let_go)
        drive(watch, run, monkeypatch, seconds=21)
    begun = [each.cycle.measured.started_at[-10:-1] for each in watch.seen]
    assert stuck.looked == ["one", "two", "three"] * 3
    assert begun[:3] == ["00:00.000"] * 3
    offsets = [int(time[-6:-4]) for time in begun[3:6]]
    assert offsets == [3, 6, 10]


def test_a_server_that_never_answers_is_unreachable_and_delays_no_other(watch, servers, monkeypatch, let_go) -> None:
    with watch.running(*servers) as run:
        watched_by(run, let_go, "two")
        drive(watch, run, monkeypatch, seconds=60, stuck=1)
    assert {name: names(watch, State.MATCH).count(name) for name in ("one", "three")} == {"one": 7, "three": 6}
    late = [each for each in watch.seen if each.server.reference.server.name == "two"]
    assert {each.cycle.state for each in late} == {State.UNKNOWN}
    assert {each.cycle.findings.findings[0].kind for each in late} == {FindingKind.UNREACHABLE}
    verdict = watch.verdict(references=tuple(each.server.opened.digest for each in watch.seen[:1]))
    assert [check.id for check in verdict.checks if check.status in {"fail", "unproven"}] == []


def test_a_look_that_takes_longer_than_a_cycle_is_waited_for(watch, servers, monkeypatch, let_go) -> None:
    with watch.running(servers[1], cycle_seconds=1) as run:
        stuck = watched_by(run, let_go, "two")
        really_take, waits = run._looking.take, 0

        def take(_seconds: float) -> object:
            nonlocal waits
            watch.hands.wait(500)
            waits += 1
            if waits == 6:
                stuck.let_go.set()
                run.stop.set()
            return really_take(PATIENCE_SECONDS if waits >= 6 else 0)

        monkeypatch.setattr(run._looking, "take", take)
        run.until_stopped()
    assert states(watch.seen) == [State.MATCH]


def test_a_late_answer_is_heard_only_if_it_is_bad_news(watch, servers, monkeypatch, let_go) -> None:
    (watch.bench.tree / "stray.pth").write_bytes(b"")
    with watch.running(servers[1]) as run:
        stuck = watched_by(run, let_go, "two")
        run._start()
        (target,) = run.request.targets
        monkeypatch.setattr(run._looking, "take", lambda _seconds: watch.hands.wait(30_000))
        run._cycle()
        monkeypatch.undo()
        stuck.let_go.set()
        answer = run._looking.take(PATIENCE_SECONDS)
    assert answer is not None
    assert answer.target is target
    assert isinstance(answer.looked, Judged)
    assert answer.looked.cycle.state is State.DRIFT


def test_a_look_that_fails_is_unknown_and_says_why(watch, servers) -> None:
    def fail(_target: Target, _looks: Looks) -> Judged:
        raise UnavailableError("the disk", "an answer", "none")

    with watch.running(servers[0]) as run:
        run._looking._measure = fail
        assert not run.once()
    assert watch.seen[0].cycle.state is State.UNKNOWN
    assert "the disk" in (watch.seen[0].cycle.findings.findings[0].found or "")


def test_a_mistake_of_ours_in_a_look_ends_the_agent(watch, servers) -> None:
    def stumble(_target: Target, _looks: Looks) -> Judged:
        raise ZeroDivisionError

    with watch.running(servers[0]) as run:
        run._looking._measure = stumble
        with pytest.raises(ZeroDivisionError):
            run.once()
    assert watch.events() == ["start"]


def sealed_with_windows(watch: Watch, cycles: int = 6) -> Path:
    return watch.bench.write(watch.bench.seal(name="windowed", rules=Rules(window=cycles)), "windowed.ref")


def test_the_first_cycle_is_signed_at_once_and_the_others_together(watch, monkeypatch) -> None:
    reference = sealed_with_windows(watch)
    with watch.running(reference) as run:
        drive(watch, run, monkeypatch, seconds=135)
    assert watch.events() == ["start", *["measurement"] * 4, "stop"]
    windows = [each["predicate"]["measured"]["window"] for each in watch.payloads() if "measured" in each["predicate"]]
    assert [(each["first"], each["last"]) for each in windows] == [(0, 0), (1, 6), (7, 12), (13, 13)]
    verdict = watch.verdict(references=(watch.seen[0].server.opened.digest,))
    assert verdict.passed, [check for check in verdict.checks if check.status != "pass"]
    assert verdict.counts is not None
    assert verdict.counts.cycles == len(watch.seen) == 14
    assert [each.sequence for each in watch.seen[:8]] == [1, None, None, None, None, None, 2, None]


def test_an_open_window_is_closed_before_a_violation_and_before_the_match_after_it(watch, monkeypatch) -> None:
    reference = sealed_with_windows(watch)
    stray = watch.bench.tree / "stray.pth"
    with watch.running(reference) as run:
        run._start()
        for number in range(8):
            if number == 3:
                stray.write_bytes(b"")
            if number == 5:
                stray.unlink()
            watch.hands.wait(10_000)
            run._cycle()
        run._stop("enough")
    assert watch.events() == [
        *["start", "measurement", "measurement"],
        *["violation", "match -> drift", "violation", "measurement", "drift -> match", "measurement", "stop"],
    ]
    verdict = watch.verdict(references=(watch.seen[0].server.opened.digest,))
    failed = [check.id for check in verdict.checks if check.status in {"fail", "unproven"}]
    assert failed == ["conformance.matched"]


def test_a_crash_in_a_window_loses_it_and_the_log_shows_the_gap(watch) -> None:
    reference = sealed_with_windows(watch)
    for stop in (False, True):
        with watch.running(reference) as run:
            run._start()
            for _ in range(5):
                run._cycle()
                watch.hands.wait(10_000)
            if stop:
                run._stop("enough")
    assert watch.events() == ["start", "measurement", "resume", "measurement", "measurement", "stop"]
    assert watch.payloads()[2]["predicate"]["event"]["unsignedCycles"] == 4
    assert watch.told == ["4 clean cycles before the crash had no receipt: they count for nothing"]
    verdict = watch.verdict(references=(watch.seen[0].server.opened.digest,))
    assert [check.id for check in verdict.checks if check.status == "fail"] == ["freshness.cadence"]


def test_each_resume_counts_the_cycles_that_were_lost_since_the_one_before(watch) -> None:
    reference = sealed_with_windows(watch)
    for cycles in (9, 3, 1):
        with watch.running(reference) as run:
            run._start()
            for _ in range(cycles):
                run._cycle()
                watch.hands.wait(10_000)
    (watch.log / "cycles" / f"{watch.seen[0].server.opened.digest}.jsonl").write_bytes(b"no record\n")
    with watch.running(reference) as run:
        run._start()
        run._stop("enough")
    resumes = [each["predicate"]["event"] for each in watch.payloads() if "event" in each["predicate"]][1:4]
    # Signed were cycles 0 and 1 to 6 of nine, then the first of three, then the only one; the last count is not known.
    assert [each.get("unsignedCycles") for each in resumes] == [2, 2, None]
