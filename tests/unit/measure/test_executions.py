"""What is executed among the sealed files wakes, each file once; where nobody tells us of it, inotify alone does."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from attest.agent import waking as module
from attest.agent.waking import Waking, open_waking
from attest.measure import executions
from attest.measure.executions import Executions
from attest.measure.file_systems import is_approved
from attest.measure.stat_cache import read_mountinfo
from attest.statement.observation import Observation, Observed

TRUE = shutil.which("true") or "/bin/true"
NEVER = threading.Event()


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Executions]:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    approved = is_approved(descriptor, read_mountinfo("self") or b"")
    os.close(descriptor)
    try:
        opened = Executions()
    except OSError:
        pytest.skip("nobody tells us what is executed: that takes CAP_SYS_ADMIN")
    with closing(opened):
        if not approved:
            pytest.skip("temporary files lie in a file system that is not approved")
        yield opened


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy(TRUE, path))


def execute(path: Path) -> None:
    subprocess.run([path], check=True)


def test_what_is_executed_below_a_place_is_told_once(told: Executions, tmp_path: Path) -> None:
    told.watch([str(tmp_path / "tree")])
    inside, outside = program(tmp_path / "tree/bin/true"), program(tmp_path / "other/true")
    (tmp_path / "link").symlink_to(tmp_path / "tree")
    told.watch([str(tmp_path / "link")])
    assert not told.drain()
    execute(outside)
    assert not told.drain()
    execute(inside)
    assert told.drain()
    execute(inside)
    assert not told.drain()
    execute(program(tmp_path / "tree/another"))
    assert told.drain()


def test_what_is_written_or_read_is_not_told(told: Executions, tmp_path: Path) -> None:
    path = program(tmp_path / "true")
    told.watch([str(tmp_path)])
    path.write_bytes(path.read_bytes())
    assert not told.drain()


def test_no_file_stays_open_and_what_is_known_is_bounded(
    told: Executions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executions, "MAX_KNOWN", 3)
    told.watch([str(tmp_path)])
    before = len(list(Path("/proc/self/fd").iterdir()))
    for number in range(8):
        execute(program(tmp_path / f"{number}"))
        assert told.drain()
    assert len(told._known) <= 3
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_where_file_systems_are_not_approved_nothing_is_asked_for(
    told: Executions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executions, "is_approved", lambda *_: False)
    told.watch([str(tmp_path), str(tmp_path / "missing")])
    execute(program(tmp_path / "true"))
    assert not told.drain()


def see(waking: Waking, place: Path) -> None:
    """See a file, and forget what changed before that was watched."""
    files = {("tree", "file"): Observed(root="tree", path="file", type_=None)}
    places = {"tree": str(place), "system": "/"}
    waking.saw("digest", "", Observation(files=files, places=places, started_at=0, finished_at=0))
    assert waking.wait(20, NEVER)
    waking._woken_at = None
    assert not waking.wait(0, NEVER)


@pytest.mark.usefixtures("told")
def test_an_execution_wakes_the_agent(tmp_path: Path) -> None:
    path = program(tmp_path / "true")
    with open_waking() as waking:
        see(waking, tmp_path)
        assert not waking.wait(0, NEVER)
        execute(Path(TRUE))
        assert not waking.wait(0, NEVER), "what lies elsewhere is nobody's business"
        execute(path)
        assert waking.wait(0, NEVER)


def test_without_the_capability_changes_still_wake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> Executions:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(module, "Executions", refuse)
    with open_waking() as waking:
        see(waking, tmp_path)
        (tmp_path / "new").touch()
        assert waking.wait(20, NEVER)
