"""Windows: what is chained is what was measured, in order, and the signed head tells any other record from it."""

from __future__ import annotations

import hashlib

import msgspec
import pytest

from attest.agent.windows import Moment, OpenWindow, moment_of
from attest.codec import canonical, instant
from attest.errors import UntrustedError
from attest.statement.chaining import NO_HEAD, CycleRecord, check_cycles
from attest.statement.predicates.runtime_measurement import Coverage, Measured, Window
from tests.world import NOW

RUN = "ab" * 16


def measured(at: int, files: int = 5) -> Measured:
    coverage = Coverage(files=files, bytes=9, rehashed=5, cached=0, derived=0, oldest_hash_age_milliseconds=1)
    return Measured(started_at=instant.text(at), finished_at=instant.text(at + 1), coverage=coverage)


def filled(*moments: int, cycles: int = 100) -> tuple[OpenWindow, list[CycleRecord]]:
    window = OpenWindow(cycles=cycles)
    befores = (None, *moments)
    return window, [add(window, at, before) for at, before in zip(moments, befores, strict=False)]


def add(window: OpenWindow, at: int, before: int | None) -> CycleRecord:
    earlier = None if before is None else Moment(real=NOW + before, boot=before)
    return window.add(measured(NOW + at), Moment(real=NOW + at, boot=at), before=earlier, run=RUN)


def closed(window: OpenWindow) -> Window:
    said = window.said()
    window.closed()
    assert said is not None
    assert said.window is not None
    return said.window


def test_a_window_says_first_last_beginning_and_largest_gap():
    window, _ = filled(0, 10_000, 25_000, 35_000)
    said = window.said()
    assert said is not None
    assert said.started_at == instant.text(NOW + 35_000)
    assert said.window == Window(
        first=0, last=3, began_at=instant.text(NOW), largest_gap_milliseconds=15_000, head=window.head
    )
    window.closed()
    assert (window.size, window.said()) == (0, None)


def test_the_next_window_goes_on_numbering_and_counts_the_gap_before_it():
    window, _ = filled(0, 10_000)
    closed(window)
    add(window, 32_000, 10_000)
    assert (said := closed(window)).first == said.last == 2
    assert said.largest_gap_milliseconds == 22_000


def test_a_gap_that_only_the_time_since_boot_shows_is_counted():
    window = OpenWindow(cycles=9)
    add(window, 0, None)
    begun, before = Moment(real=NOW + 10_000, boot=40_000), Moment(real=NOW, boot=0)
    window.add(measured(NOW + 10_000), begun, before=before, run=RUN)
    assert closed(window).largest_gap_milliseconds == 40_000


def test_a_window_is_full_at_the_sealed_number_of_cycles():
    window, _ = filled(0, 1, cycles=3)
    assert not window.is_full
    add(window, 2, 1)
    assert window.is_full


def test_the_head_is_what_the_specification_says():
    window, records = filled(0, 10_000)
    first = hashlib.sha256(NO_HEAD.encode() + canonical.encode(records[0].measured)).hexdigest()
    second = hashlib.sha256(first.encode() + canonical.encode(records[1].measured)).hexdigest()
    assert [record.head for record in records] == [first, second]
    assert closed(window).head == second


def test_the_time_since_boot_at_a_beginning_is_reckoned_back_from_now():
    assert moment_of(measured(NOW), real=NOW + 300, boot=5_300) == Moment(real=NOW, boot=5_000)
    assert moment_of(measured(NOW), real=NOW - 300, boot=5_000) == Moment(real=NOW, boot=5_000)


def test_kept_records_agree_with_the_signed_head_window_after_window():
    window, first = filled(0, 10_000)
    one = closed(window)
    second = [add(window, at, at - 10_000) for at in (20_000, 30_000)]
    check_cycles(NO_HEAD, one, first, where="cycles")
    check_cycles(one.head, closed(window), second, where="cycles")


def _without_one(records: list[CycleRecord]) -> list[CycleRecord]:
    return records[:-1]


def _one_changed(records: list[CycleRecord]) -> list[CycleRecord]:
    return [msgspec.structs.replace(records[0], measured=measured(NOW, files=4)), *records[1:]]


def _in_another_order(records: list[CycleRecord]) -> list[CycleRecord]:
    return records[::-1]


def _one_more(records: list[CycleRecord]) -> list[CycleRecord]:
    return [*records, records[-1]]


@pytest.mark.parametrize("edit", [_without_one, _one_changed, _in_another_order, _one_more])
def test_any_other_record_is_found_by_the_signed_head(edit):
    window, records = filled(0, 10_000, 20_000)
    said = closed(window)
    with pytest.raises(UntrustedError):
        check_cycles(NO_HEAD, said, edit(records), where="cycles")


def test_records_that_were_chained_anew_do_not_lead_to_the_signed_head():
    window, _ = filled(0, 10_000)
    _, other = filled(0, 11_000)
    with pytest.raises(UntrustedError, match="signed head"):
        check_cycles(NO_HEAD, closed(window), other, where="cycles")
