"""A look in the middle of an update between two sealed references: no match, no drift, and not for long."""

from __future__ import annotations

import compileall
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from attest.agent.run import Run
from attest.seal.request import Rules
from attest.statement.enforcing import Action
from attest.statement.findings import FindingKind
from attest.statement.predicates.runtime_event import EventKind
from attest.statement.states import State
from tests.installed import make_bench
from tests.watching import Watch, kinds, make_watch, states
from tests.world import NOW

SECOND, DAY = 1000, 86_400_000
GAP = Rules().max_gap
OLD = {"pkg/__init__.py": "VERSION = 1\n", "pkg/gone.py": "GONE = 1\n", "pkg/same.py": "SAME = 1\n"}
NEW = {"pkg/__init__.py": "VERSION = 2\n", "pkg/come.py": "COME = 2\n", "pkg/same.py": "SAME = 1\n"}


class Updated:
    """A tree with a package of one version and then of another, both sealed; the older one is in place again."""

    def __init__(self, watch: Watch) -> None:
        self.tree = watch.bench.tree
        self._watch = watch
        self.put(OLD)
        self.old = self._seal("old.ref")
        self.put(NEW)
        self.new = self._seal("new.ref", supersedes=(self.old,))
        self.put(OLD)

    def put(self, files: dict[str, str]) -> None:
        """Install and compile the package anew."""
        shutil.rmtree(self.tree / "pkg", ignore_errors=True)
        for path, text in files.items():
            self.write(path, text)
        compileall.compile_dir(self.tree / "pkg", quiet=2)

    def write(self, path: str, text: str) -> None:
        """Write one file."""
        (self.tree / path).parent.mkdir(exist_ok=True)
        (self.tree / path).write_text(text)

    def pip(self) -> Iterator[str]:
        """Update step by step, as pip does: the old package is moved aside, and removed when the new one is whole."""
        (self.tree / "pkg").rename(self.tree / "~kg")
        yield "moved aside"
        for path, text in NEW.items():
            self.write(path, text)
            yield path
        compileall.compile_dir(self.tree / "pkg", quiet=2)
        yield "compiled"
        shutil.rmtree(self.tree / "~kg")

    def uv(self) -> Iterator[str]:
        """Update step by step, as uv does: the old files are removed, and new ones put in their places."""
        for path in OLD:
            (self.tree / path).unlink()
            yield path
        shutil.rmtree(self.tree / "pkg/__pycache__")
        for path, text in list(NEW.items())[:-1]:
            self.write(path, text)
            yield path
        self.write("pkg/same.py", NEW["pkg/same.py"])

    def _seal(self, name: str, **changes: Any) -> Path:
        rules = Rules(on_drift=Action.TERMINATE, not_after=NOW + DAY)
        given: dict[str, Any] = {"artifacts": (), "evidence": (), "allow_site": ("*",), "name": "tiny-server"}
        return self._watch.bench.write(self._watch.bench.seal(rules=rules, **{**given, **changes}), name)


@pytest.fixture
def watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watch:
    return make_watch(make_bench(tmp_path), monkeypatch)


def measured(watch: Watch, run: Run, seconds: int = 1) -> tuple[State, list[FindingKind]]:
    run._cycle()
    watch.hands.wait(seconds * SECOND)
    return watch.seen[-1].cycle.state, kinds(watch.seen[-1])


@pytest.mark.parametrize("installer", ["pip", "uv"])
def test_every_step_of_an_update_is_an_update_and_its_end_a_match(watch: Watch, installer: str) -> None:
    updated = Updated(watch)
    with watch.running(updated.old, updated.new) as run:
        run._start()
        assert measured(watch, run) == (State.MATCH, [])
        for step in getattr(updated, installer)():
            assert measured(watch, run) == (State.UNKNOWN, [FindingKind.UPDATING]), step
        assert measured(watch, run) == (State.MATCH, [])
    assert EventKind.ACTION_INTENDED not in watch.events()


def test_the_finding_names_both_references(watch: Watch) -> None:
    updated = Updated(watch)
    with watch.running(updated.old, updated.new) as run:
        run._start()
        measured(watch, run)
        next(updated.pip())
        measured(watch, run)
    (finding,) = watch.seen[-1].cycle.findings.findings
    assert "old.ref" in (finding.expected or "")
    assert "new.ref" in (finding.expected or "")


def test_an_update_that_does_not_end_within_the_largest_gap_is_drift(watch: Watch) -> None:
    updated = Updated(watch)
    with watch.running(updated.old, updated.new) as run:
        run._start()
        measured(watch, run)
        next(updated.pip())
        assert measured(watch, run, seconds=GAP)[0] is State.UNKNOWN
        assert measured(watch, run)[0] is State.UNKNOWN
        assert measured(watch, run)[0] is State.DRIFT
        assert measured(watch, run)[0] is State.DRIFT


def test_a_later_update_has_its_own_time(watch: Watch) -> None:
    updated = Updated(watch)
    with watch.running(updated.old, updated.new) as run:
        run._start()
        measured(watch, run)
        for _ in updated.pip():
            measured(watch, run)
        measured(watch, run, seconds=GAP)
        measured(watch, run)
        (updated.tree / "pkg/come.py").unlink()
        assert measured(watch, run)[0] is State.UNKNOWN


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("pkg/__init__.py", "VERSION = 'evil'\n"),
        ("pkg/evil.py", "EVIL = 1\n"),
        ("pkg/same.py", OLD["pkg/gone.py"]),
    ],
    ids=["changed", "extra", "another sealed content in a sealed place"],
)
def test_one_file_of_neither_is_drift_at_once(watch: Watch, path: str, text: str) -> None:
    updated = Updated(watch)
    with watch.running(updated.old, updated.new) as run:
        run._start()
        measured(watch, run)
        (updated.tree / "pkg/gone.py").unlink()
        (updated.tree / "pkg/__init__.py").write_text(NEW["pkg/__init__.py"])
        shutil.rmtree(updated.tree / "pkg/__pycache__")
        assert measured(watch, run)[0] is State.UNKNOWN
        (updated.tree / path).write_text(text)
        assert measured(watch, run)[0] is State.DRIFT


def test_poisoned_byte_code_is_drift_in_the_middle_of_an_update_too(watch: Watch) -> None:
    updated = Updated(watch)
    with watch.running(updated.old, updated.new) as run:
        run._start()
        measured(watch, run)
        next(updated.pip())
        (poisoned,) = updated.tree.glob("~kg/__pycache__/same.*")
        poisoned.write_bytes(poisoned.read_bytes()[:-1] + b"x")
        assert measured(watch, run)[0] is State.DRIFT


def test_with_one_reference_a_package_that_is_moved_aside_is_drift(watch: Watch) -> None:
    updated = Updated(watch)
    with watch.running(updated.old) as run:
        run._start()
        measured(watch, run)
        next(updated.pip())
        assert measured(watch, run)[0] is State.DRIFT
    assert states(watch.seen) == [State.MATCH, State.DRIFT]
