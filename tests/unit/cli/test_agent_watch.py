"""The live view: what is worst stands first, nothing is wider or longer than the terminal, and it is given back."""

from __future__ import annotations

import os
import pty
import re
import select
from pathlib import Path

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.agent.board import AgentStatus, Board, ServerStatus
from attest.cli.agent_watch import Watch, screen, sparkline
from attest.statement.states import State
from tests.waiting import PATIENCE_SECONDS

BEGAN = "2026-11-22T12:00:00.000Z"
NOW = 1_795_348_805_000


def server(name: str, state: State = State.MATCH, **changes: object) -> ServerStatus:
    told = {
        "reference": "0" * 64,
        "measured_at": BEGAN,
        "took_milliseconds": 120,
        "files": 2402,
        "bytes": 41_900_000,
        "cycles": 7,
        "not_matching": 0,
        **changes,
    }
    return ServerStatus(name=name, state=state, **told)  # type: ignore[arg-type]


def drawn(servers: tuple[ServerStatus, ...], columns: int = 100, rows: int = 24, **given: object) -> list[str]:
    status = AgentStatus(pid=1, began_at=BEGAN, log="/var/log", servers=servers)
    messages = given.pop("messages", ())
    return screen(
        status,
        {"one": (1, 5, 9)},
        messages,  # type: ignore[arg-type]
        now=NOW,
        columns=columns,
        rows=rows,
        paint=lambda text, _: text,
    )


def test_what_is_no_match_stands_first_with_its_finding():
    bad = server("two", State.DRIFT, finding="changed tree/x.py", not_matching=3)
    lines = [line for line in drawn((server("one"), bad)) if "ago" in line or "changed" in line]
    assert lines[0].startswith("DRIFT    two")
    assert lines[1].strip() == "changed tree/x.py"
    assert lines[2].startswith("MATCH    one")
    assert lines[2].endswith("▁▅█")


def test_a_match_says_what_was_wrong_before():
    assert any("last: changed x" in line for line in drawn((server("one", finding="changed x", not_matching=1),)))
    assert not any("changed" in line for line in drawn((server("one", finding="changed x"),)))


NAMES = st.text(max_size=60).map(lambda text: text or "x")
SERVERS = st.builds(server, NAMES, st.sampled_from(list(State)), finding=st.none() | st.text(max_size=200))


@given(st.lists(SERVERS, max_size=30), st.integers(1, 200), st.integers(5, 60), st.lists(st.text(), max_size=5))
def test_nothing_is_larger_than_the_terminal(servers, columns, rows, messages):
    lines = drawn(tuple(servers), columns, rows, messages=tuple(messages))
    assert 1 <= len(lines) <= rows
    assert all(len(line) <= max(columns, 1) for line in lines)


def test_servers_that_have_no_room_are_counted():
    lines = drawn(tuple(server(f"s{number:02}") for number in range(30)), rows=12)
    assert any(re.fullmatch(r"and \d+ more", line) for line in lines)


@given(st.lists(st.integers(0, 10**9)), st.integers(0, 80))
def test_a_sparkline_has_a_bar_a_value_and_its_largest_is_the_highest(values, room):
    line = sparkline(values, room)
    assert len(line) == min(len(values), room)
    if line and max(values[-room:]) > 8:
        assert "█" in line or "▇" in line


def test_a_pipe_is_no_terminal():
    read, write = os.pipe()
    with os.fdopen(read), os.fdopen(write, "w") as out, pytest.raises(click.UsageError, match="terminal"):
        Watch(Board(log=Path("log"), began_at=0), out)


def test_the_terminal_is_given_back_also_after_an_error(tmp_path):
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as terminal:
        seen = b""

        def fail_while_drawing() -> None:
            nonlocal seen
            with Watch(Board(log=tmp_path, began_at=0), terminal) as watch:
                watch.tell("something happened\x1b[2J")
                while b"something" not in seen:
                    assert select.select([ours], [], [], PATIENCE_SECONDS)[0], seen
                    seen += os.read(ours, 65536)
                raise RuntimeError

        with pytest.raises(RuntimeError):
            fail_while_drawing()
        seen += os.read(ours, 65536)
    os.close(ours)
    assert seen.startswith(b"\x1b[?1049h\x1b[?25l")
    assert seen.endswith(b"\x1b[?25h\x1b[?1049l")
    assert b"happened\x1b[2J" not in seen
