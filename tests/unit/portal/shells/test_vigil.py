"""A loop stays awake for who was quick, for a moment; for who was not, it sleeps at once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from attest.portal.shells.vigil import PATIENCE_SECONDS, Vigil

SOON = PATIENCE_SECONDS / 2
LATE = PATIENCE_SECONDS * 2


class Loop:
    """A loop that is told what the time is, and does one round when asked to."""

    def __init__(self, processors: int = 2) -> None:
        self.now = 100.0
        self.ready: list[Callable[[], None]] = []
        self.vigil = Vigil(self.ready.append, clock=lambda: self.now, processors=processors)

    def hear(self, end: str, after: float) -> None:
        """Let time pass, then take a word of an end's, and wait for the next."""
        self.now += after
        self.vigil.heard(end)
        self.vigil.wait()

    def awake(self) -> bool:
        """Whether it would come round again without having heard anything."""
        ready = self.ready[:]
        self.ready.clear()
        for each in ready:
            each()
        assert len(self.ready) < 2
        return bool(self.ready)


def test_who_was_quick_last_time_is_waited_for_awake_and_for_a_moment_only():
    loop = Loop()
    loop.hear("client", LATE)
    assert not loop.awake()
    loop.hear("server", SOON)
    loop.hear("client", LATE)
    assert loop.awake()
    loop.now += SOON
    assert loop.awake()
    loop.now += SOON
    assert not loop.awake()


@pytest.mark.parametrize(("server", "client"), [(LATE, SOON), (SOON, LATE)])
def test_each_end_is_known_by_itself(server, client):
    loop = Loop()
    for _ in range(3):
        loop.hear("client", client)
        loop.hear("server", server)
    assert loop.awake() == (client == SOON)
    loop.hear("client", client)
    assert loop.awake() == (server == SOON)


def test_who_became_slow_costs_one_vigil_and_no_more():
    loop = Loop()
    for _ in range(2):
        loop.hear("client", SOON)
        loop.hear("server", SOON)
    loop.hear("client", SOON)
    assert loop.awake()
    loop.now += LATE
    assert not loop.awake()
    loop.hear("server", LATE)
    loop.hear("client", SOON)
    assert not loop.awake()


def test_with_one_processor_nobody_is_kept_from_speaking():
    loop = Loop(processors=1)
    for _ in range(3):
        loop.hear("client", SOON)
        loop.hear("server", SOON)
    assert not loop.awake()
