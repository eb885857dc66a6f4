"""Stopping: a server with a child and a grandchild, frozen or ended, against a bare kill of its process group."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Final

from attest.agent.drafts import Standing, event_draft
from attest.agent.enforcement.family import Family
from attest.codec.clock import system_clock
from attest.measure.process import wait_exit
from attest.recorder import open_recorder
from attest.statement.enforcing import Action
from attest.statement.levels import Binding, Isolation
from attest.statement.predicates.runtime_event import Event, EventKind
from benchmarks.report import Report, at_most, figure, time_outcome
from benchmarks.rounds import Candidate
from benchmarks.setting import Setting, timed_alone
from tests.families import TREE, family_of
from tests.world import WRITER

_ROUNDS: Final = 15
_MOST_MILLISECONDS: Final = 20.0
"""From the finding until nothing of the server runs any more."""
_LONG_SECONDS: Final = 10.0

_PEER: Final = "bare kill of the group + wait"
_FREEZE: Final = "freeze"
_ANNOUNCED: Final = "intent on the disk + freeze"
_TERMINATE: Final = "freeze + SIGTERM + wait + look for others"


def run(setting: Setting) -> Report:
    """Freeze one family again and again, end a fresh one in every lap."""
    rounds = 2 if setting.quick else _ROUNDS
    standing = Standing(binding=Binding.LAUNCHED, isolation=Isolation.SAME_UID)
    intent = Event(kind=EventKind.ACTION_INTENDED, action=Action.SUSPEND, caused_by=0)
    with ExitStack() as stack:
        recorder = stack.enter_context(open_recorder(setting.folder / "log", WRITER, clock=system_clock(), pinned=None))
        killed = iter([stack.enter_context(family_of(TREE)) for _ in range(rounds + 1)])
        ended = iter([stack.enter_context(family_of(TREE)) for _ in range(rounds + 1)])
        frozen = stack.enter_context(family_of(TREE))

        def freeze() -> None:
            _let_go(frozen)
            _check(frozen.freeze())

        def announce_and_freeze() -> None:
            recorder.record(event_draft(intent, standing, reference=None))
            freeze()

        seen = setting.race(
            [
                Candidate(name=_PEER, run=timed_alone(_once_each(killed, _kill_group)), computes=False),
                Candidate(name=_FREEZE, run=timed_alone(freeze), computes=False),
                Candidate(name=_ANNOUNCED, run=timed_alone(announce_and_freeze), computes=False),
                Candidate(name=_TERMINATE, run=timed_alone(_once_each(ended, _terminate)), computes=False),
            ],
            rounds=rounds,
            longest=60.0,
        )
    return Report(
        title="stopping: from a finding until nothing runs any more; a tree of 3 processes",
        races=(seen,),
        outcomes=(
            time_outcome(seen, _FREEZE, _PEER),
            time_outcome(seen, _TERMINATE, _PEER),
            figure(f"{_ANNOUNCED}, median", seen.seconds(_ANNOUNCED) * 1000, "ms", at_most(_MOST_MILLISECONDS)),
        ),
    )


def _once_each(families: Iterator[Family], work: Callable[[Family], None]) -> Callable[[], None]:
    return lambda: work(next(families))


def _let_go(family: Family) -> None:
    if family.root is not None:
        os.killpg(family.root.pid, signal.SIGCONT)


def _kill_group(family: Family) -> None:
    """End the group that the root leads and wait for the root: whoever left the group lives on."""
    assert family.root is not None
    os.killpg(family.root.pid, signal.SIGKILL)
    _check(wait_exit(family.root, _LONG_SECONDS))


def _terminate(family: Family) -> None:
    _check(family.freeze() and family.let_end(_LONG_SECONDS) and family.kill())


def _check(followed: bool) -> None:  # noqa: FBT001  (what a call said of itself)
    if not followed:
        raise RuntimeError("expected a family that follows, found one that did not")
