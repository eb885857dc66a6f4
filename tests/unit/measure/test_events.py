"""Every change in a watched directory wakes; nothing else does, and nothing is concluded from silence."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from attest.measure import events as module
from attest.measure.events import Events

ENOUGH_SECONDS = 20.0
"""Waited in vain only if the test fails."""


@pytest.fixture
def events() -> Iterator[Events]:
    with Events() as opened:
        yield opened


def watch(events: Events, *places: Path) -> None:
    """Watch from now on, and forget that somebody did not before."""
    events.watch(map(str, places))
    events.wait(0)
    events.watch(map(str, places))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "tree/inner").mkdir(parents=True)
    (tmp_path / "tree/file").write_bytes(b"content")
    (tmp_path / "outside").write_bytes(b"content")
    return tmp_path / "tree"


CHANGES: dict[str, Callable[[Path], object]] = {
    "written": lambda tree: (tree / "file").write_bytes(b"other"),
    "mode": lambda tree: (tree / "file").chmod(0o755),
    "time": lambda tree: os.utime(tree / "file", (1, 1)),
    "made": lambda tree: (tree / "new").touch(),
    "linked": lambda tree: (tree / "link").symlink_to("file"),
    "removed": lambda tree: (tree / "file").unlink(),
    "moved in": lambda tree: (tree.parent / "outside").rename(tree / "inside"),
    "moved over": lambda tree: (tree.parent / "outside").rename(tree / "file"),
    "moved out": lambda tree: (tree / "file").rename(tree.parent / "away"),
    "directory moved": lambda tree: tree.rename(tree.parent / "elsewhere"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_every_kind_of_change_wakes(events: Events, tree: Path, change: str) -> None:
    watch(events, tree, tree / "inner")
    assert events.complete
    CHANGES[change](tree)
    assert events.wait(ENOUGH_SECONDS)
    assert not events.wait(0)


def test_reading_wakes_nobody(events: Events, tree: Path) -> None:
    watch(events, tree)
    (tree / "file").read_bytes()
    assert [*tree.iterdir()]
    (tree.parent / "outside").write_bytes(b"other")
    assert not events.wait(0)


def test_what_was_not_watched_when_it_was_looked_at_is_looked_at_again(events: Events, tree: Path) -> None:
    events.watch([str(tree)])
    assert events.wait(ENOUGH_SECONDS)
    events.watch([str(tree)])
    assert not events.wait(0)
    events.watch([str(tree), str(tree / "inner")])
    assert events.wait(ENOUGH_SECONDS)
    assert not events.wait(0)


def test_what_changed_before_it_is_waited_for_wakes_at_once_and_once(events: Events, tree: Path) -> None:
    watch(events, tree)
    for number in range(5000):
        (tree / "file").chmod(0o600 + number % 2)
    assert events.wait(0)
    assert not events.wait(0)


def test_an_overflow_is_a_change() -> None:
    overflow = module._EVENT.pack(-1, 0x4000, 0, 0)
    ended = module._EVENT.pack(1, 0x8000, 0, 16) + bytes(16)
    assert [mask & ~module._IGNORED != 0 for _, mask in module._events(ended + overflow)] == [False, True]


def test_what_became_another_directory_is_watched_anew(events: Events, tree: Path) -> None:
    watch(events, tree / "inner")
    (tree / "inner").rmdir()
    (tree / "inner").mkdir()
    assert events.wait(0)
    watch(events, tree / "inner")
    (tree / "inner/new").touch()
    assert events.wait(ENOUGH_SECONDS)


def test_other_descriptors_end_the_wait_and_are_no_change(events: Events, tree: Path) -> None:
    watch(events, tree)
    reader, writer = os.pipe()
    os.write(writer, b"ended")
    assert not events.wait(ENOUGH_SECONDS, (reader,))
    for descriptor in (reader, writer):
        os.close(descriptor)


def test_what_cannot_be_watched_is_said(events: Events, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tree / "link").symlink_to("inner")
    for place in (tree / "link", tree / "file"):
        events.watch([str(tree), str(place)])
        assert not events.complete
    events.watch([str(tree), str(tree / "gone")])
    assert events.complete
    monkeypatch.setattr(module, "MAX_WATCHES", 1)
    events.watch([str(tree), str(tree / "inner")])
    assert not events.complete


def test_directories_that_were_moved_away_are_not_watched_for_ever(
    events: Events, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_SPARE_WATCHES", 3)
    for number in range(20):
        (tree / f"{number}").mkdir()
        watch(events, tree, tree / f"{number}")
        (tree / f"{number}").rename(tree.parent / f"{number}")
        assert events.wait(0)
    assert len(events._known) <= 2 * 2 + 3 + 1


def test_no_descriptor_is_left_open() -> None:
    before = len([*Path("/proc/self/fd").iterdir()])
    with Events() as opened:
        assert opened.fileno() > 2
    assert len([*Path("/proc/self/fd").iterdir()]) == before
