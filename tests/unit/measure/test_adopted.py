"""Orphans are handed to whoever asks: seen, measured, ended; what is our own child is never taken for one."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator

import pytest

from attest.measure.adopted import adopted, adopting_orphans, end_adopted
from attest.measure.own_children import own_child
from attest.measure.process import Wanted, open_process, signal_process
from attest.measure.processes.children import children_of
from tests.processes import look
from tests.waiting import wait_until

DISOWNING = "setsid sh -c 'trap \"\" TERM; {what} & echo $!'; echo done; exec sleep 600"
"""One whose grandchild has another session and no parent; it says its number, then that it is ready."""


@pytest.fixture
def _asking() -> Iterator[None]:
    with adopting_orphans():
        yield
        end_adopted(0)


def start(script: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(["/bin/sh", "-c", script], stdout=subprocess.PIPE, start_new_session=True)


def disown(process: subprocess.Popen[bytes]) -> int:
    """Return the number of the grandchild, once it was handed to us."""
    assert process.stdout is not None
    number = int(process.stdout.readline())
    assert process.stdout.readline() == b"done\n"
    wait_until(lambda: number in adopted())
    return number


@pytest.mark.usefixtures("_asking")
def test_what_a_child_disowned_is_adopted_and_the_child_itself_is_not() -> None:
    with own_child(lambda: start(DISOWNING.format(what="sleep 600"))) as process:
        orphan = disown(process)
        assert adopted() == (orphan,)
        process.kill()


@pytest.mark.usefixtures("_asking")
def test_an_orphan_is_measured_among_the_children_of_the_server() -> None:
    with own_child(lambda: start(DISOWNING.format(what="sleep 600"))) as process:
        orphan = disown(process)
        with open_process(process.pid) as handle:
            assert orphan not in {child.pid for child in look(handle).children}
            assert orphan in {child.pid for child in look(handle, Wanted(adopted=adopted())).children}
        process.kill()


@pytest.mark.usefixtures("_asking")
def test_an_orphan_that_ended_is_taken_off_the_kernel() -> None:
    with own_child(lambda: start(DISOWNING.format(what="sleep 600"))) as process:
        orphan = disown(process)
        with open_process(orphan) as handle:
            signal_process(handle, signal.SIGKILL)
        wait_until(lambda: adopted() == ())
        assert orphan not in children_of(os.getpid())
        process.kill()


@pytest.mark.usefixtures("_asking")
def test_orphans_that_ignore_sigterm_and_have_children_are_ended() -> None:
    busy = 'sh -c "trap \\"\\" TERM; sleep 600 & wait; sleep 600"'
    with own_child(lambda: start(DISOWNING.format(what=busy))) as process:
        disown(process)
        process.kill()
        process.wait()
        assert end_adopted(0.05) >= 2
        assert adopted() == ()


@pytest.mark.usefixtures("_asking")
def test_a_child_of_our_own_session_is_nobodys_orphan() -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        assert adopted() == ()
        assert end_adopted(0) == 0
        assert process.poll() is None
        process.kill()


def test_what_was_a_child_before_is_nobodys_orphan() -> None:
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as process:
        with adopting_orphans():
            assert adopted() == ()
        process.kill()


def test_nothing_is_adopted_unasked() -> None:
    with own_child(lambda: start(DISOWNING.format(what="sleep 600"))) as process:
        assert process.stdout is not None
        orphan = int(process.stdout.readline())
        assert process.stdout.readline() == b"done\n"
        assert adopted() == ()
        assert orphan not in children_of(os.getpid())
        os.kill(orphan, signal.SIGKILL)
        process.kill()
