"""A meter never lets more than its amount through in any span, and keeps little, however much there is."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.appraisal.calls.windows import Meter


def test_a_span_is_half_open() -> None:
    meter = Meter(60)
    meter.add(3, 0)
    assert meter.used(59_999) == 3
    assert meter.used(60_000) == 0


def test_without_a_span_nothing_is_forgotten() -> None:
    meter = Meter()
    meter.add(3, 0)
    assert meter.used(10**15) == 3
    meter.release(5)
    assert meter.used(10**15) == 0


@given(
    st.integers(1, 7),
    st.integers(1, 5),
    st.lists(st.tuples(st.integers(0, 2_500), st.integers(0, 3)), max_size=60),
)
def test_no_span_ever_holds_more_than_the_amount(seconds: int, amount: int, asked: list[tuple[int, int]]) -> None:
    meter, now, permitted = Meter(seconds), -5_000, list[tuple[int, int]]()
    for later, wanted in asked:
        now += later
        if meter.used(now) + wanted <= amount:
            meter.add(wanted, now)
            permitted.append((now, wanted))
    for begin, _ in permitted:
        assert sum(used for at, used in permitted if begin <= at < begin + seconds * 1_000) <= amount


@given(st.lists(st.tuples(st.integers(0, 4_000), st.integers(1, 3)), max_size=60))
def test_what_is_free_again_is_free_no_later_than_a_step_after_its_span(asked: list[tuple[int, int]]) -> None:
    meter, now, added = Meter(10), 0, list[tuple[int, int]]()
    for later, amount in asked:
        now += later
        meter.add(amount, now)
        added.append((now, amount))
        exact = sum(used for at, used in added if now - at < 10_000)
        late = sum(used for at, used in added if now - at < 10_000 + 10_000 // 1_024 + 1)
        assert exact <= meter.used(now) <= late


@pytest.mark.parametrize("seconds", [1, 60, 86_400])
def test_many_uses_take_little_room(seconds: int) -> None:
    meter = Meter(seconds)
    for use in range(100_000):
        meter.add(1, use * seconds // 100)
    assert len(meter.entries(100_000 * seconds // 100)[1]) <= 1_026
    assert sys.getsizeof(meter._entries) < 20_000
