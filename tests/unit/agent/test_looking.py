"""Looks that take long: while one has time left it answers for the cycles that it lasts."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

from attest.agent.looking import Begun, Looking
from attest.agent.target import Target
from attest.errors import UnavailableError
from tests.waiting import PATIENCE_SECONDS

PATIENCE_MS = 27_000


@dataclass(frozen=True)
class Slow:
    """As much of a target as a look needs."""

    server: SimpleNamespace = field(hash=False)
    patience_ms: int = PATIENCE_MS


def test_a_look_that_takes_longer_than_a_cycle_answers_for_the_next_one_too() -> None:
    """A first start leaves much to compile: that this takes longer than a cycle is no finding."""
    server = SimpleNamespace(reference=SimpleNamespace(server=SimpleNamespace(name="slow")))
    target = cast("Target", Slow(server))
    let_go, looked = threading.Event(), list[Target]()

    def measure(each: Target, _looks: object) -> Any:
        looked.append(each)
        let_go.wait(PATIENCE_SECONDS)
        raise UnavailableError("server", "an answer", "none")

    looking = Looking(measure)
    looks = cast("Any", None)
    assert looking.begin(target, looks, Begun(boot=0, real=0))
    assert looking.begin(target, looks, Begun(boot=10_000, real=10_000))
    assert looking.give_up(PATIENCE_MS - 1) == []
    assert [each.target for each in looking.give_up(PATIENCE_MS)] == [target]
    assert not looking.begin(target, looks, Begun(boot=30_000, real=30_000))
    let_go.set()
    looking.take(PATIENCE_SECONDS)
    assert looked == [target]
