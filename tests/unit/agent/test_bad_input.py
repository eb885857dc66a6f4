"""What is wrong with a tree while it is looked at leads to the right state, and never to a match."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from attest.agent import closure
from attest.agent.keeping import Reported
from attest.agent.starting import AgentRequest, open_agent
from attest.measure import opening, walk
from attest.statement.findings import FindingKind
from attest.statement.states import State
from attest.trust.making import write_trust
from tests.installed import Bench, make_bench
from tests.restored import Restored
from tests.unprivileged import unprivileged
from tests.world import WRITER, make_trust_file, write_key_pair

MODULE = "tiny_server/tools.py"
NAME = "tools.py"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Bench, Restored]:
    folder = tmp_path_factory.mktemp("bad")
    bench = make_bench(folder)
    (folder / "trust.json").write_bytes(write_trust(make_trust_file()))
    write_key_pair(folder, "writer", WRITER)
    bench.write(bench.seal())
    return bench, Restored(folder)


@pytest.fixture
def bench(made: tuple[Bench, Restored]) -> Iterator[Bench]:
    """An installation, as it was before the other tests."""
    bench, restored = made
    restored.again()
    yield bench
    for special in ("fifo", "socket", "device", MODULE):
        path = bench.tree / special
        if path.is_fifo() or path.is_socket() or path.is_char_device():
            path.unlink()


def once(bench: Bench) -> Reported:
    seen: list[Reported] = []
    request = AgentRequest(
        references=(bench.folder / "server.ref",),
        trust=bench.folder / "trust.json",
        key=bench.folder / "writer.key",
        log=bench.folder / "log",
        places={},
    )
    with open_agent(request, seen.append) as run:
        run.once()
    return seen[-1]


def kinds(reported: Reported) -> set[FindingKind]:
    return {finding.kind for finding in reported.cycle.findings.findings}


def bind(path: Path) -> None:
    directory = os.open(path.parent, os.O_RDONLY)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"/proc/self/fd/{directory}/{path.name}")
    os.close(directory)


def device(path: Path) -> None:
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("a device takes root to make")


def instead(make: Callable[[Path], object]) -> Callable[[Path], object]:
    def replace(tree: Path) -> None:
        (tree / MODULE).unlink()
        make(tree / MODULE)

    return replace


def link_away(tree: Path) -> None:
    (tree / "tiny_server").rename(tree.parent / "away")
    (tree / "tiny_server").symlink_to("/etc")


DRIFTING: dict[str, tuple[Callable[[Path], object], FindingKind]] = {
    "a FIFO": (lambda tree: os.mkfifo(tree / "fifo"), FindingKind.EXTRA),
    "a socket": (lambda tree: bind(tree / "socket"), FindingKind.EXTRA),
    "a device that never ends": (lambda tree: device(tree / "device"), FindingKind.EXTRA),
    "a FIFO instead of a file": (instead(os.mkfifo), FindingKind.TYPE),
    "a device instead of a file": (instead(device), FindingKind.TYPE),
    "a directory instead of a file": (instead(os.mkdir), FindingKind.MISSING),
    "a link to itself": (lambda tree: (tree / "loop").symlink_to("loop"), FindingKind.EXTRA),
    "a link instead of a directory": (link_away, FindingKind.EXTRA),
    "a name that is not UTF-8": (
        lambda tree: Path(os.fsdecode(os.fsencode(tree) + b"/\xff\xfe.py")).touch(),
        FindingKind.NAME,
    ),
}


@pytest.mark.parametrize("what", DRIFTING)
def test_what_should_not_be_there_is_drift_and_holds_nobody_up(bench: Bench, what: str) -> None:
    make, kind = DRIFTING[what]
    make(bench.tree)
    reported = once(bench)
    assert reported.cycle.state is State.DRIFT
    assert kind in kinds(reported)


def test_a_file_that_never_rests_is_unknown(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.readv

    def read_and_change(descriptor: int, buffers: Any) -> int:
        length = real(descriptor, buffers)
        if length and Path(f"/proc/self/fd/{descriptor}").readlink().name == NAME:
            os.utime(descriptor, ns=(0, next(turn)))
        return length

    turn = iter(range(1000))
    monkeypatch.setattr(os, "readv", read_and_change)
    reported = once(bench)
    assert reported.cycle.state is State.UNKNOWN
    assert kinds(reported) == {FindingKind.UNSTABLE}
    assert next(turn) == 1 + opening.MAX_RETRIES + 1, "at once, and then as long as there is hope"


def test_a_file_that_cannot_be_read_is_unknown(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    (bench.tree / MODULE).chmod(0)
    real = opening.open_inside

    def open_as_nobody(directory: int, name: str, flags: int) -> int:
        if name != NAME:
            return real(directory, name, flags)
        with unprivileged():
            return real(directory, name, flags)

    monkeypatch.setattr(opening, "open_inside", open_as_nobody)
    reported = once(bench)
    assert reported.cycle.state is State.UNKNOWN
    assert kinds(reported) == {FindingKind.UNREADABLE}


def test_a_tree_that_is_too_deep_is_unknown(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    (bench.tree / "deep/er/and/deeper").mkdir(parents=True)
    monkeypatch.setattr(walk, "MAX_DEPTH", 3)
    reported = once(bench)
    assert reported.cycle.state is State.UNKNOWN
    assert kinds(reported) == {FindingKind.UNREADABLE}


def test_a_tree_that_grows_to_millions_is_given_up(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(closure, "SPARE_NAMES", 100)
    (bench.tree / "many").mkdir()
    for number in range(300):
        (bench.tree / f"many/{number}").touch()
    reported = once(bench)
    assert reported.cycle.state is State.DRIFT
    assert FindingKind.UNREADABLE in kinds(reported)
    assert reported.cycle.measured.coverage.files < 200, "what nobody sealed is not held in memory for ever"


def test_a_directory_that_is_replaced_during_the_look_is_looked_at_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    package, evil = bench.tree / "tiny_server", bench.tree.parent / "evil"
    evil.mkdir()
    (evil / "evil.py").write_bytes(b"import os\n")
    real = walk.Walk.everything

    def walk_and_replace(whole: walk.Walk) -> None:
        real(whole)
        if evil.exists():
            package.rename(bench.tree.parent / "good")
            evil.rename(package)

    monkeypatch.setattr(walk.Walk, "everything", walk_and_replace)
    reported = once(bench)
    assert reported.cycle.state is State.DRIFT
    assert {FindingKind.EXTRA, FindingKind.MISSING} <= kinds(reported)
