"""The contract of every action: what it does to real processes, what it says of it, and that it does nothing twice."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from attest.agent.enforcement import ACTIONS
from attest.agent.enforcement.family import Family
from attest.agent.enforcement.scene import Came, Scene
from attest.measure.process import open_process
from attest.statement.enforcing import Action, Result
from tests import families
from tests.waiting import PATIENCE_SECONDS

RUNS = {b"R", b"S", b"D"}
AFTER = {
    Action.SUSPEND: families.HELD,
    Action.ISOLATE: families.HELD,
    Action.TERMINATE: set(),
    Action.SAFE_STATE: RUNS,
}
"""The states in which an action may leave processes."""
AGAIN = {
    Action.SUSPEND: Result.ALREADY,
    Action.ISOLATE: Result.ALREADY,
    Action.TERMINATE: Result.ENDED,
    Action.SAFE_STATE: Result.ALREADY,
}
ON_PROCESSES = [action for action in ACTIONS if action is not Action.SAFE_STATE]

every_action = pytest.mark.parametrize("action", ACTIONS)


def take(action: Action, family: Family, before: Came | None = None, told: list[str] | None = None) -> Came:
    told = [] if told is None else told

    def keep() -> str:
        told.append("evidence")
        return "evidence kept"

    return ACTIONS[action](Scene(family=family, before=before, keep_evidence=keep, declare_safe_state=told.append))


def test_every_action_but_the_two_that_are_none_has_a_row() -> None:
    assert set(Action) - set(ACTIONS) == {Action.ALERT, Action.HOOK}


@every_action
@pytest.mark.parametrize(
    "script", [families.TREE, families.STUBBORN, families.FORKING], ids=["tree", "stubborn", "forking"]
)
def test_it_is_done_to_everybody_whom_the_process_started(action: Action, script: str) -> None:
    told: list[str] = []
    with families.family_of(script) as family:
        came = take(action, family, told=told)
        assert came.result is Result.DONE, came.outcome
        assert families.states_of(family) <= AFTER[action]
        assert len(told) == 1


@every_action
def test_a_second_time_nothing_is_done_and_that_is_said(action: Action) -> None:
    told: list[str] = []
    with families.family_of(families.TREE) as family:
        first = take(action, family)
        again = take(action, family, before=first, told=told)
    assert again.result is AGAIN[action]
    assert told == []


@pytest.mark.parametrize("action", [Action.SUSPEND, Action.ISOLATE])
def test_what_was_let_go_by_somebody_is_frozen_again(action: Action) -> None:
    with families.family_of(families.TREE) as family:
        first = take(action, family)
        for each in family.living():
            families.let_go(each)
        again = take(action, family, before=first)
        assert again.result is Result.DONE
        assert families.states_of(family) <= families.HELD


@pytest.mark.parametrize("action", ON_PROCESSES)
def test_without_a_process_it_is_not_possible(action: Action) -> None:
    assert take(action, Family(None)).result is Result.NOT_POSSIBLE


@pytest.mark.parametrize("action", ON_PROCESSES)
def test_of_a_process_that_has_ended_it_says_so(action: Action) -> None:
    with subprocess.Popen(["/bin/sleep", "60"]) as process, open_process(process.pid) as handle:
        process.kill()
        process.wait()
        assert take(action, Family(handle)).result is Result.ENDED


def test_who_ignores_the_request_to_end_is_killed_and_that_is_said() -> None:
    with families.family_of(families.STUBBORN) as family:
        assert "SIGKILL" in take(Action.TERMINATE, family).outcome
    with families.family_of(families.TREE) as family:
        assert "the process and 2 that it started ended after SIGTERM" in take(Action.TERMINATE, family).outcome


@contextmanager
def talking(kind: int) -> Iterator[tuple[socket.socket, Family]]:
    """A process whose standard input is one end of a socket, and the other end of it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, kind)
    with closing(ours), families.family_of("echo ready; read _", stdin=theirs) as family:
        theirs.close()
        yield ours, family


@families.needs_ptrace
def test_the_other_side_of_a_socket_sees_the_end_while_the_process_is_frozen() -> None:
    with talking(socket.SOCK_STREAM) as (ours, family):
        came = take(Action.ISOLATE, family)
        assert came.result is Result.DONE, came.outcome
        ours.settimeout(PATIENCE_SECONDS)
        assert ours.recv(1) == b""
        with pytest.raises(BrokenPipeError):
            ours.send(b"x")
        assert "cut: 1 x unix socket (stdin), 1 x way to open more" in came.outcome
        assert "held by the frozen process, not cut: 1 x pipe (stdout)" in came.outcome


@families.needs_ptrace
def test_an_isolated_process_that_is_let_go_opens_nothing_more() -> None:
    go, theirs = os.pipe()[::-1]
    with families.family_of("echo ready; read _; exec 3</dev/null; exec sleep 60", stdin=theirs) as family:
        os.close(theirs)
        take(Action.ISOLATE, family)
        os.write(go, b"\n")
        os.close(go)
        root = family.living()[0]
        for each in family.living():
            families.let_go(each)
        assert families.ends_within(root, 10), "a shell ends when it cannot open a file"
