"""What a log says of calls, as a person sees it: decisions with what came of them, and never larger than a terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.cli.canvas import Size
from attest.cli.log_watch import picture
from attest.errors import RefusedError, UnavailableError, UntrustedError
from attest.portal.observing.decided import Decided, Decision
from attest.portal.observing.following import Follower
from attest.signing.keyring import KeyRing
from attest.statement.tools.calls import OutcomeStatus
from tests.commands import attest
from tests.installed import Bench
from tests.portal_world import portal, seal_server
from tests.waiting import PATIENCE_SECONDS
from tests.world import STRANGER, WRITER


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    bench = seal_server(tmp_path_factory.mktemp("watched"))
    with portal(bench) as client:
        client.open()
        for number, tool in enumerate(("echo", "hidden", "fail", "die"), 1):
            client.call(number, tool, "hunter2")
        client.close()
    return bench


def ring(key: object = WRITER) -> KeyRing:
    return KeyRing(role="writer", keys=(key.public,))  # type: ignore[attr-defined]


def read(bench: Bench) -> Decided:
    decided = Decided()
    for sequence, said in Follower(bench.folder / "log", ring(), newest=1000).read():
        decided.take(sequence, said)
    return decided


def drawn(decided: Decided, columns: int = 120, rows: int = 24) -> list[str]:
    size = Size(columns, rows)
    return picture(decided, ("title", "/log"), now=2**41, size=size, paint=lambda text, _: text)


def test_each_decision_stands_with_what_came_of_it(bench: Bench) -> None:
    decided = read(bench)
    assert [(line.what, line.decision, line.outcome) for line in decided.lines] == [
        ("echo", Decision.PERMIT, OutcomeStatus.RESULT),
        ("hidden", Decision.DENIED, None),
        ("fail", Decision.PERMIT, OutcomeStatus.ERROR),
        ("die", Decision.PERMIT, OutcomeStatus.LOST),
    ]
    assert decided.in_flight == 0
    assert decided.standing is not None
    screen = "\n".join(drawn(decided))
    assert "3 permitted  ·  1 denied  ·  1 answered  ·  1 errors  ·  1 lost" in screen
    assert screen.index("die ") < screen.index("echo ")
    assert "hunter2" not in screen


def test_what_came_since_is_read_once(bench: Bench) -> None:
    follower = Follower(bench.folder / "log", ring(), newest=3)
    assert len(list(follower.read())) == 3
    assert list(follower.read()) == []


def test_a_receipt_of_a_stranger_is_no_picture(bench: Bench) -> None:
    with pytest.raises(UntrustedError):
        list(Follower(bench.folder / "log", ring(STRANGER), newest=1000).read())


def test_another_log_in_its_place_is_noticed(bench: Bench, tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.symlink_to(bench.folder / "log")
    follower = Follower(log, ring(), newest=10)
    (tmp_path / "other").mkdir()
    other = seal_server(tmp_path / "other")
    with portal(other) as client:
        client.open()
        client.close()
    log.unlink()
    log.symlink_to(other.folder / "log")
    with pytest.raises(RefusedError):
        list(follower.read())


def test_a_folder_without_a_log_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError):
        Follower(tmp_path, ring(), newest=1)


@given(columns=st.integers(1, 200), rows=st.integers(2, 60))
def test_nothing_is_larger_than_the_terminal(bench, columns, rows) -> None:
    lines = drawn(read(bench), columns, rows)
    assert len(lines) <= rows
    assert all(len(line) <= columns for line in lines)


def test_it_is_drawn_on_a_terminal_and_ends_with_q(bench: Bench) -> None:
    ours, theirs = pty.openpty()
    words = [sys.executable, "-m", "attest", "log", "watch", "log", "--trust", "trust.json"]
    environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    with subprocess.Popen(words, cwd=bench.folder, env=environment, stdin=theirs, stdout=theirs) as process:
        seen = b""
        while b"q ends" not in seen:
            seen += os.read(ours, 65536)
        os.write(ours, b"q")
        while not seen.endswith(b"\x1b[?25h\x1b[?1049l"):
            seen += os.read(ours, 65536)
        assert process.wait(PATIENCE_SECONDS) == 0
    os.close(ours)
    os.close(theirs)
    assert b"\x1b[1;31mDENIED" in seen


def test_a_pipe_is_no_terminal(bench: Bench) -> None:
    done = attest(bench.folder, "log", "watch", "log", "--trust", "trust.json")
    assert done.returncode == 2
    assert b"expected a terminal" in done.stderr
