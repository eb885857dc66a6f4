"""The breaker opens at the sealed count within the sealed time, not before and not without one."""

from __future__ import annotations

import pytest

from attest.appraisal.breaker import is_reached
from attest.statement.enforcing import Breaker

BREAKER = Breaker(actions=3, within_seconds=10)


@pytest.mark.parametrize(
    ("acted_at", "reached"),
    [
        ((), False),
        ((1_000, 2_000), False),
        ((1_000, 2_000, 3_000), True),
        ((1_000, 2_000, 10_000), True),
        ((0, 2_000, 10_000), False),
        ((1_000, 2_000, 10_001), False),
    ],
)
def test_it_counts_what_was_done_within_the_time_before(acted_at: tuple[int, ...], reached: bool) -> None:  # noqa: FBT001
    assert is_reached(BREAKER, acted_at, 10_000) is reached


def test_without_one_nothing_is_held_back() -> None:
    assert not is_reached(None, range(10_000), 10_000)
