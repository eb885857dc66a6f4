"""An update of native code in place: what the process still holds is what the older reference seals, and no drift."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from attest.agent.sealed import SealedServer
from attest.agent.watched import SeenProcess, WatchedProcess
from attest.measure.processes import mapped
from attest.seal.request import Rules
from attest.statement.enforcing import Action
from attest.statement.findings import FindingKind
from attest.statement.predicates.runtime_event import EventKind
from attest.statement.states import State
from tests.installed import make_bench
from tests.processes import make_library, needs_compiler, needs_root
from tests.waiting import PATIENCE_SECONDS
from tests.watching import Watch, kinds, make_watch, states
from tests.world import NOW

pytestmark = needs_compiler
SERVE = "import ctypes, time\nctypes.CDLL({library!r})\nprint('ready', flush=True)\ntime.sleep(600)\n"
DAY = 86_400_000


class Native:
    """A server that loads a library of its own, and a reference for each of two versions of it; the first is there."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self.library = watch.bench.tree / "extra.so"
        self.script = watch.bench.tree / "serve.py"
        self.script.write_text(SERVE.format(library=str(self.library)))
        self.put(1)
        self.old = self._seal("old.ref")
        self.put(2)
        self.new = self._seal("new.ref", supersedes=(self.old,))
        self.put(1)

    def put(self, version: int) -> None:
        """Put a version into its place as installers do: another file under the same name."""
        made = make_library(self._watch.bench.folder / "made", source=f"int extra(void) {{ return {version}; }}")
        made.replace(self.library)

    def _seal(self, name: str, **changes: Any) -> Path:
        rules = Rules(on_drift=Action.TERMINATE, not_after=NOW + DAY)
        command = (sys.executable, str(self.script))
        given: dict[str, Any] = {
            "artifacts": (),
            "evidence": (),
            "allow_site": ("*",),
            "name": "tiny-server",
            **changes,
        }
        return self._watch.bench.write(self._watch.bench.seal(command=command, rules=rules, **given), name)

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        """The server, with what lies there now."""
        with subprocess.Popen([sys.executable, str(self.script)], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            try:
                yield process
            finally:
                process.kill()


@pytest.fixture
def watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watch:
    return make_watch(make_bench(tmp_path), monkeypatch)


def acted(watch: Watch) -> bool:
    return EventKind.ACTION_INTENDED in watch.events()


@needs_root
def test_an_update_while_the_old_process_runs_is_no_drift_and_nothing_is_done(watch: Watch) -> None:
    native = Native(watch)
    with native.running() as server, watch.running(native.old, native.new, pid=server.pid) as run:
        run._start()
        run._cycle()
        native.put(2)
        run._cycle()
        assert server.poll() is None
    assert states(watch.seen) == [State.MATCH, State.STALE]
    assert FindingKind.UPDATED in kinds(watch.seen[1])
    assert not acted(watch)


def test_an_ordinary_user_sees_the_same_of_what_the_agent_had_looked_at_before(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mapped, "_itself", lambda *_: None)
    native = Native(watch)
    with native.running() as server, watch.running(native.old, native.new, pid=server.pid) as run:
        run._start()
        run._cycle()
        native.put(2)
        run._cycle()
        run._cycle()
        native.put(1)
        run._cycle()
        assert server.poll() is None
    assert states(watch.seen) == [State.MATCH, State.STALE, State.STALE, State.STALE]
    assert FindingKind.UPDATED in kinds(watch.seen[1])
    assert kinds(watch.seen[3]) == [FindingKind.EXECUTABLE_REPLACED]
    assert not acted(watch)


@needs_root
def test_an_agent_that_comes_after_the_update_says_the_same(watch: Watch) -> None:
    native = Native(watch)
    with native.running() as server:
        native.put(2)
        reported = watch.once(native.old, native.new, pid=server.pid)
        assert server.poll() is None
    assert reported.cycle.state is State.STALE
    assert kinds(reported) == [FindingKind.UPDATED]
    (finding,) = reported.cycle.findings.findings
    assert str(native.library) in (finding.found or "")
    assert not acted(watch)


def test_code_that_nobody_sealed_is_no_update(watch: Watch) -> None:
    native = Native(watch)
    native.put(3)
    with native.running() as server:
        native.put(2)
        reported = watch.once(native.old, native.new, pid=server.pid)
        assert server.wait(PATIENCE_SECONDS) != 0
    assert reported.cycle.state is State.DRIFT
    assert kinds(reported) == [FindingKind.MAPPED_DELETED]
    assert acted(watch)


def test_a_reference_that_was_not_given_or_is_void_vouches_for_nothing(watch: Watch) -> None:
    native = Native(watch)
    with native.running() as server:
        native.put(2)
        assert kinds(watch.once(native.new, pid=server.pid)) == [FindingKind.MAPPED_DELETED]


@needs_root
def test_an_update_between_the_two_looks_of_a_cycle_is_no_drift(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    native = Native(watch)
    observe = WatchedProcess.observe

    def late(self: WatchedProcess, server: SealedServer) -> SeenProcess:
        seen = observe(self, server)
        native.put(2)
        return seen

    with native.running() as server, watch.running(native.old, native.new, pid=server.pid) as run:
        run._start()
        run._cycle()
        monkeypatch.setattr(WatchedProcess, "observe", late)
        run._cycle()
        assert server.poll() is None
    assert states(watch.seen) == [State.MATCH, State.STALE]
