"""A read lease shows every writer at work, and whoever breaks one does not end us."""

from __future__ import annotations

import mmap
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from attest.measure import leasing
from attest.measure.leasing import (
    NO_LEASES,
    PATIENCE_SECONDS,
    WAITS_SECONDS,
    Leases,
    WriterError,
    ignore_lease_breaks,
    may_lease,
)
from attest.measure.opening import SMALL_BYTES, Name, Sight, digest_plain, look_at, open_directory
from attest.measure.tree import look_at_roots
from attest.statement.findings import FindingKind
from attest.statement.manifest import Root, Scope
from attest.statement.observation import Observation
from tests.unprivileged import open_folder, unprivileged

if leasing._SET is None:
    pytest.skip("read leases are Linux's", allow_module_level=True)

SIZES = (100, 50_000, SMALL_BYTES + 1)
"""Hashed at once, read at once and hashed later, read by another thread."""

CHILD = """
import fcntl, os, signal, sys
if sys.argv[2] == "ignoring":
    from attest.measure.leasing import ignore_lease_breaks
    ignore_lease_breaks()
descriptor = os.open(sys.argv[1], os.O_RDONLY)
fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
print("leased", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def ignoring() -> Iterator[None]:
    """As in an agent."""
    before = signal.getsignal(signal.SIGIO)
    ignore_lease_breaks()
    yield
    signal.signal(signal.SIGIO, before)


def look(place: Path) -> Observation:
    root = Root(name="tree", scope=Scope.EXACT, mutable=())
    return look_at_roots({"tree": place}, (root,), {}, clock_ms=lambda: 0)


def put(path: Path, size: int = 100) -> Path:
    path.write_bytes(b"A" * size)
    return path


def trouble(observation: Observation, path: str) -> tuple[FindingKind, str] | None:
    found = observation.files["tree", path].trouble
    return None if found is None else (found.kind, found.detail)


@pytest.mark.parametrize(("how", "survives"), [("ignoring", True), ("careless", False)])
def test_who_ignores_lease_breaks_survives_them(tmp_path: Path, how: str, survives: bool) -> None:  # noqa: FBT001
    path = put(tmp_path / "file")
    argv = [sys.executable, "-c", CHILD, str(path), how]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stdout.readline() == "leased\n"
        with pytest.raises(BlockingIOError):
            os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        if survives:
            child.stdin.write("\n")
            child.stdin.flush()
        ended = child.wait()
    assert ended == (0 if survives else -signal.SIGIO)


@pytest.mark.usefixtures("ignoring")
@pytest.mark.parametrize("size", SIZES)
def test_everything_is_read_under_a_lease(tmp_path: Path, size: int) -> None:
    put(tmp_path / "file", size)
    (tmp_path / "link").symlink_to("file")
    os.mkfifo(tmp_path / "fifo")
    assert may_lease()
    assert look(tmp_path).leased


def test_without_ignoring_the_signal_no_lease_is_taken(tmp_path: Path) -> None:
    put(tmp_path / "file")
    assert signal.getsignal(signal.SIGIO) is not signal.SIG_IGN
    assert not may_lease()
    with put(tmp_path / "written").open("r+b"):
        observation = look(tmp_path)
    assert not observation.leased
    assert trouble(observation, "written") is None


@pytest.mark.usefixtures("ignoring")
@pytest.mark.parametrize("size", SIZES)
def test_a_file_that_stays_open_for_writing_is_unstable(tmp_path: Path, size: int) -> None:
    put(tmp_path / "other")
    with put(tmp_path / "file", size).open("r+b"):
        observation = look(tmp_path)
    assert trouble(observation, "file") == (FindingKind.UNSTABLE, "open for writing in 4 looks")
    assert trouble(observation, "other") is None


@pytest.mark.usefixtures("ignoring")
def test_a_page_that_stays_mapped_for_writing_is_seen_though_no_descriptor_is_left(tmp_path: Path) -> None:
    path = put(tmp_path / "file", mmap.PAGESIZE)
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as mapped:
        file.close()
        mapped[0:1] = b"A"
        assert trouble(look(tmp_path), "file") == (FindingKind.UNSTABLE, "open for writing in 4 looks")
    assert trouble(look(tmp_path), "file") is None


@pytest.mark.usefixtures("ignoring")
@pytest.mark.parametrize("looks", [1, 2, 3])
def test_a_writer_who_is_done_soon_does_no_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, looks: int) -> None:
    writer = put(tmp_path / "file").open("ab")
    turns: list[float] = []

    def sleep(seconds: float) -> None:
        turns.append(seconds)
        if len(turns) == looks:
            writer.write(b"more")
            writer.close()

    monkeypatch.setattr(time, "sleep", sleep)
    seen = look(tmp_path).files["tree", "file"]
    assert (seen.size, seen.trouble) == (104, None)
    assert turns == list(WAITS_SECONDS[:looks])


@pytest.mark.usefixtures("ignoring")
@pytest.mark.parametrize("size", SIZES)
def test_a_file_that_somebody_asked_to_write_meanwhile_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    path = put(tmp_path / "file", size)
    kept, asked = Leases.kept, iter(range(2))

    def ask_first(leases: Leases, descriptor: int) -> bool:
        if next(asked, None) is not None:
            with pytest.raises(BlockingIOError):
                os.open(path, os.O_WRONLY | os.O_NONBLOCK)
            assert not kept(leases, descriptor)
        return kept(leases, descriptor)

    monkeypatch.setattr(Leases, "kept", ask_first)
    observation = look(tmp_path)
    assert observation.files["tree", "file"].size == size
    assert next(asked, None) is None


def test_who_opens_many_files_for_writing_does_not_hold_us_up(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    leases = Leases(allowed=True)
    for _ in range(1000):
        for turn in range(len(WAITS_SECONDS)):
            leases.wait(turn)
    assert now[0] == pytest.approx(PATIENCE_SECONDS)


def test_a_file_of_somebody_else_is_read_without_a_lease() -> None:
    if os.geteuid() != 0:
        pytest.skip("a file of another user takes root to make")
    with open_folder() as place:
        put(place / "file").chmod(0o644)
        leases = Leases(allowed=True)
        with unprivileged():
            directory = open_directory(str(place))
            seen = look_at(directory, "tree", Name("file", "file", Sight.FILE), leases)
            os.close(directory)
    assert seen is not None
    assert seen.sha256 is not None
    assert not leases.complete


@pytest.mark.usefixtures("ignoring")
def test_the_lease_ends_with_the_look(tmp_path: Path) -> None:
    path = put(tmp_path / "file")
    look(tmp_path)
    os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))


def test_who_reads_small_files_never_waits(tmp_path: Path) -> None:
    directory = open_directory(str(tmp_path))
    with put(tmp_path / "file").open("r+b"):
        seen = digest_plain(directory, "file", Leases(allowed=True))
    os.close(directory)
    assert seen is None


def test_a_lease_is_refused_to_a_reader_beside_a_writer(tmp_path: Path) -> None:
    path = put(tmp_path / "file")
    reader = os.open(path, os.O_RDONLY)
    with path.open("ab"), pytest.raises(WriterError):
        Leases(allowed=True).take(reader)
    assert not NO_LEASES.take(reader)
    assert not NO_LEASES.complete
    os.close(reader)
