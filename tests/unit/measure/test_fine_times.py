"""Whether ctime tells two changes apart is tried, believed of that file system alone, and said in every receipt."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from attest.measure import fine_times
from attest.measure.fine_times import proven_fine, unseen_changes
from attest.measure.standpoint import Standpoint
from attest.measure.tree import look_at_roots
from attest.statement.manifest import Root, Scope
from attest.statement.observation import Observation


def test_what_is_proven_holds_for_that_file_system_and_leaves_nothing_behind(tmp_path: Path) -> None:
    expected = {tmp_path.stat().st_dev} if unseen_changes(tmp_path) == 0 else set()
    assert proven_fine(tmp_path) == expected
    assert list(tmp_path.iterdir()) == []


def test_one_change_that_looks_like_none_proves_the_contrary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Status:
        def __init__(self, ctime_ns: int) -> None:
            self.st_ctime_ns = ctime_ns

    by_ticks = iter([1, 2, 2, *range(3, 9999)])
    with monkeypatch.context() as coarse:
        coarse.setattr(os, "fstat", lambda _descriptor: Status(next(by_ticks)))
        assert unseen_changes(tmp_path) == 1
    monkeypatch.setattr(fine_times, "unseen_changes", lambda _directory: 1)
    assert proven_fine(tmp_path) == frozenset()


def test_where_nothing_can_be_tried_nothing_is_proven(tmp_path: Path) -> None:
    assert proven_fine(tmp_path / "missing") == frozenset()
    assert proven_fine(Path("/proc/self")) == frozenset()


def look(places: dict[str, Path], fine: frozenset[int]) -> Observation:
    roots = tuple(Root(name=name, scope=Scope.EXACT, mutable=()) for name in places)
    return look_at_roots(
        places, roots, {}, clock_ms=lambda: time.time_ns() // 1_000_000, standpoint=Standpoint(fine=fine)
    )


def test_a_look_is_fine_if_every_root_lies_in_what_is_known_to_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    here = frozenset((tmp_path.stat().st_dev,))
    assert look({"tree": tmp_path}, here).fine
    assert not look({"tree": tmp_path}, frozenset()).fine
    assert not look({"tree": tmp_path}, frozenset((0,))).fine
    assert not look({"tree": tmp_path, "other": Path("/proc/self/fdinfo")}, here).fine
    assert not look({"tree": tmp_path / "missing"}, here).fine


def test_the_directories_of_listed_files_count_too(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    root = Root(name="system", scope=Scope.LISTED, mutable=())
    listed = {"system": (f"{str(tmp_path).lstrip('/')}/file", "proc/version")}
    fine = frozenset(place.stat().st_dev for place in (Path("/"), tmp_path))
    for paths, expected in ((listed["system"][:1], True), (listed["system"], False)):
        seen = look_at_roots(
            {"system": "/"}, (root,), {"system": paths}, clock_ms=lambda: 0, standpoint=Standpoint(fine=fine)
        )
        assert seen.fine is expected
