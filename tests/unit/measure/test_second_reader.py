"""A large tree that two processes read is seen as by one; a helper that fails changes nothing but the time it takes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from attest.measure import reading_process, second_reader
from attest.measure.leasing import ignore_lease_breaks
from attest.measure.opening import SMALL_BYTES
from attest.measure.reading_jobs import Job, Read
from attest.measure.tree import look_at_roots
from attest.statement.findings import FindingKind
from attest.statement.manifest import Root, Scope
from attest.statement.observation import Observation
from tests.packing import unpacked

ROOT = Root(name="tree", scope=Scope.EXACT, mutable=())


@pytest.fixture
def ignoring() -> Iterator[None]:
    before = signal.getsignal(signal.SIGIO)
    ignore_lease_breaks()
    yield
    signal.signal(signal.SIGIO, before)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Directories of files alone, which are handed over, and one of everything else."""
    place = tmp_path / "tree"
    for folder in ("", "one", "one/two", "three"):
        (place / folder).mkdir(exist_ok=True)
        for number in range(30):
            (place / folder / f"{number}.py").write_bytes(f"{folder} {number}".encode())
    (place / "three/large").write_bytes(b"x" * (SMALL_BYTES + 1))
    (place / "three/run").write_bytes(b"x")
    (place / "three/run").chmod(0o755)
    (place / "one/setuid").write_bytes(b"x")
    (place / "one/setuid").chmod(0o4755)
    other = place / "other"
    other.mkdir()
    (other / "link").symlink_to("nowhere")
    (other / "café").write_bytes(b"x")
    os.mkfifo(other / "fifo")
    return place


def look(tree: Path, *, large: bool) -> Observation:
    return look_at_roots({"tree": tree}, (ROOT,), {}, clock_ms=lambda: 0, large=large)


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[Read]:
    """What the helper answered."""
    seen: list[Read] = []
    take = second_reader.SecondReader.take

    def listen(self: second_reader.SecondReader, *, wait: bool) -> Iterator[tuple[Job, Read | None]]:
        for job, read in take(self, wait=wait):
            seen.extend([] if read is None else [read])
            yield job, read

    monkeypatch.setattr(second_reader.SecondReader, "take", listen)
    return seen


@pytest.mark.usefixtures("ignoring")
def test_what_two_processes_read_is_what_one_sees(tree: Path, answers: list[Read]) -> None:
    alone, both = look(tree, large=False), look(tree, large=True)
    assert answers
    assert unpacked_of(both) == unpacked_of(alone)
    assert alone.leased == both.leased


def test_without_leases_nothing_is_said_to_be_under_one(tree: Path, answers: list[Read]) -> None:
    assert not look(tree, large=True).leased
    assert answers


@pytest.mark.usefixtures("ignoring")
def test_a_file_that_somebody_writes_is_in_doubt_whoever_reads_it(tree: Path, answers: list[Read]) -> None:
    with (tree / "three/7.py").open("r+b"):
        seen = look(tree, large=True).files["tree", "three/7.py"]
    assert answers
    assert seen.trouble is not None
    assert seen.trouble.kind is FindingKind.UNSTABLE


HELPERS = {
    "ends at once": "",
    "talks nonsense": "import socket, sys; s = socket.socket(fileno=int(sys.argv[1])); s.recv(9); s.send(b'nonsense')",
    "answers what nobody asked": (
        "import socket, sys; s = socket.socket(fileno=int(sys.argv[1])); s.recv(9); "
        "s.send(bytes([0x99, 77, 0x90, 0xc4, 0, 0xc4, 0, 0xc4, 0, 0x90, 0x90, 0xc3, 0xc3]))"
    ),
    "takes one directory and ends": (
        "import socket, sys; s = socket.socket(fileno=int(sys.argv[1])); s.recv(9); s.recv(9)"
    ),
}


@pytest.mark.parametrize("what", HELPERS)
def test_what_a_helper_does_not_answer_for_we_read_ourselves(
    tree: Path, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = look(tree, large=False)

    def start(theirs: socket.socket) -> subprocess.Popen[bytes]:
        argv = [sys.executable, "-I", "-c", HELPERS[what], str(theirs.fileno())]
        process = subprocess.Popen(argv, pass_fds=(theirs.fileno(),))
        if not HELPERS[what]:
            process.wait()
        return process

    monkeypatch.setattr(second_reader, "_start", start)
    assert unpacked_of(look(tree, large=True)) == unpacked_of(alone)


@pytest.mark.parametrize("how", ["another directory", "a link to it", "nothing"])
def test_a_directory_that_is_another_one_by_now_is_not_read(tree: Path, how: str) -> None:
    status = (tree / "one").stat()
    (tree / "one").rename(tree / "moved")
    if how == "another directory":
        (tree / "one").mkdir()
        (tree / "one/0.py").write_bytes(b"evil")
    elif how == "a link to it":
        (tree / "one").symlink_to("moved")
    top = os.open(tree, os.O_RDONLY)
    job = Job(1, 0, "tree", "one", status.st_dev, status.st_ino, ("0.py",))
    read = reading_process._read(job, [top])
    os.close(top)
    assert not read.good
    assert (read.places, read.single) == ((), ())


def test_a_helper_starts_with_nothing_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "hush")
    secret = os.open(tmp_path, os.O_RDONLY)
    os.set_inheritable(secret, True)  # noqa: FBT003
    with second_reader.reading_beside() as beside:
        assert beside is not None
        (child,) = (pid for pid in second_reader_children() if pid != os.getpid())
        assert Path(f"/proc/{child}/environ").read_bytes() == b""
        targets = {str(path.readlink()) for path in Path(f"/proc/{child}/fd").iterdir() if path.is_symlink()}
    os.close(secret)
    assert str(tmp_path) not in targets


def second_reader_children() -> list[int]:
    return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]


def test_answers_are_read_strictly() -> None:
    with pytest.raises(msgspec.DecodeError):
        msgspec.msgpack.decode(msgspec.msgpack.encode({"number": 1}), type=Read)


def unpacked_of(seen: Observation) -> object:
    return unpacked(seen.files)
