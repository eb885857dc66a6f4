"""A change brings the next cycle forward, within a share of the time, and a cycle is due whatever is told."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from attest.agent import waking as module
from attest.agent.keeping import Reported
from attest.agent.starting import AgentRequest, open_agent
from attest.agent.waking import SHARE, Waking, open_waking
from attest.measure.events import Events
from attest.seal.request import Rules
from attest.statement.observation import Observation, Observed
from attest.statement.states import State
from attest.trust.making import write_trust
from tests.installed import Bench, make_bench
from tests.waiting import PATIENCE_SECONDS, wait_until
from tests.world import WRITER, make_trust_file, write_key_pair

NEVER = threading.Event()


@pytest.fixture
def waking() -> Iterator[Waking]:
    with open_waking() as opened:
        yield opened


def see(waking: Waking, place: Path, *paths: str) -> None:
    """See these files, and what changed before that was watched."""
    files = {("tree", path): Observed(root="tree", path=path, type_=None) for path in paths}
    waking.saw("digest", "", Observation(files=files, places={"tree": str(place)}, started_at=0, finished_at=0))


def test_a_change_where_something_was_seen_wakes(waking: Waking, tmp_path: Path) -> None:
    (tmp_path / "pkg").mkdir()
    see(waking, tmp_path, "main.py", "pkg/module.py")
    assert waking.wait(PATIENCE_SECONDS, NEVER), "nobody knows what changed before it was watched"
    assert waking.complete
    for changed in ("new", "pkg/new"):
        waking._woken_at = None
        assert not waking.wait(0, NEVER)
        (tmp_path / changed).touch()
        assert waking.wait(PATIENCE_SECONDS, NEVER)


def test_what_is_seen_no_more_is_not_watched(waking: Waking, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        see(waking, tmp_path / name, "file")
    assert waking.wait(PATIENCE_SECONDS, NEVER)
    waking._woken_at = None
    (tmp_path / "one/new").touch()
    assert not waking.wait(0, NEVER)


def test_after_what_a_change_led_to_there_is_a_rest_and_nothing_is_forgotten(waking: Waking, tmp_path: Path) -> None:
    see(waking, tmp_path, "main.py")
    assert waking.wait(PATIENCE_SECONDS, NEVER)
    waking._woken_at = time.monotonic() - PATIENCE_SECONDS
    (tmp_path / "new").touch()
    assert not waking.wait(0.01, NEVER)
    assert waking._rest_until - time.monotonic() > (SHARE - 1) * PATIENCE_SECONDS
    waking._rest_until = 0.0
    assert waking.wait(PATIENCE_SECONDS, NEVER)


def test_without_events_only_time_wakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> Events:
        raise OSError

    monkeypatch.setattr(module, "Events", refuse)
    with open_waking() as waking:
        see(waking, tmp_path, "main.py")
        (tmp_path / "new").touch()
        assert not waking.complete
        assert not waking.wait(0.001, NEVER)
        stop = threading.Event()
        stop.set()
        assert not waking.wait(PATIENCE_SECONDS, stop)


@contextmanager
def measuring(bench: Bench) -> Iterator[list[Reported]]:
    """An agent that measures in another thread, each hour and when woken."""
    seen: list[Reported] = []
    request = AgentRequest(
        references=(bench.folder / "server.ref",),
        trust=bench.folder / "trust.json",
        key=bench.folder / "writer.key",
        log=bench.folder / "log",
        places={},
    )
    with open_agent(request, seen.append) as run:
        thread = threading.Thread(target=run.until_stopped)
        thread.start()
        try:
            yield seen
        finally:
            run.stop.set()
            thread.join()


def until(seen: list[Reported], state: State) -> None:
    wait_until(lambda: seen and seen[-1].cycle.state is state)


def test_a_change_is_found_long_before_the_next_cycle_is_due(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    (tmp_path / "trust.json").write_bytes(write_trust(make_trust_file()))
    write_key_pair(tmp_path, "writer", WRITER)
    bench.write(bench.seal(rules=Rules(cycle=3600, max_gap=7200)))
    with measuring(bench) as seen:
        until(seen, State.MATCH)
        (bench.tree / "stray.pth").write_bytes(b"import os\n")
        until(seen, State.DRIFT)
    sights = [each.cycle.measured.coverage.sight for each in seen]
    assert [sight is not None and sight.events for sight in sights][:2] == [False, True]


def test_a_quiet_tree_is_measured_once_more_at_the_start_and_then_when_it_is_due(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    (tmp_path / "trust.json").write_bytes(write_trust(make_trust_file()))
    write_key_pair(tmp_path, "writer", WRITER)
    bench.write(bench.seal(rules=Rules(cycle=3600, max_gap=7200)))
    with measuring(bench) as seen:
        wait_until(lambda: len(seen) == 2)
        time.sleep(0.3)
    assert len(seen) == 2
