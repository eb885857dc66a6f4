"""Instants: one text for each, UTC alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.codec import instant
from attest.errors import MalformedError

LAST = 253_402_300_799_999


@given(st.integers(0, LAST))
def test_an_instant_is_read_back_from_its_text(milliseconds):
    assert instant.parse(instant.text(milliseconds)) == milliseconds


@given(st.text(max_size=30) | st.from_regex(r"\A[0-9]{4}-[0-9W]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z\Z"))
def test_a_text_is_the_one_of_its_instant_or_refused(wire):
    try:
        milliseconds = instant.parse(wire)
    except MalformedError:
        return
    assert instant.text(milliseconds) == wire


@pytest.mark.parametrize(
    ("milliseconds", "wire"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1, "1970-01-01T00:00:00.001Z"),
        (1_795_348_800_000, "2026-11-22T12:00:00.000Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (LAST, "9999-12-31T23:59:59.999Z"),
    ],
)
def test_known_instants(milliseconds, wire):
    assert instant.text(milliseconds) == wire
    assert instant.parse(wire) == milliseconds


@pytest.mark.parametrize("milliseconds", [-1, LAST + 1, -(10**30), 10**30])
def test_an_instant_that_has_no_text_is_refused(milliseconds):
    with pytest.raises(MalformedError):
        instant.text(milliseconds)


@pytest.mark.parametrize(
    "wire",
    [
        "",
        "2026-11-22",
        "2026-11-22T12:00:00Z",
        "2026-11-22T12:00:00.00Z",
        "2026-11-22T12:00:00.0000Z",
        "2026-11-22T12:00:00.000",
        "2026-11-22T12:00:00.000z",
        "2026-11-22t12:00:00.000Z",
        "2026-11-22 12:00:00.000Z",
        "2026-11-22T12:00:00,000Z",
        "2026-11-22T12:00:00.000+00:00",
        "2026-11-22T12:00:00.000-01:00",
        "2026-11-22T12:00:00.000Z\n",
        " 2026-11-22T12:00:00.000Z",
        "2026-02-29T12:00:00.000Z",
        "2026-13-01T12:00:00.000Z",
        "2026-00-01T12:00:00.000Z",
        "2026-11-22T24:00:00.000Z",
        "2026-11-22T23:60:00.000Z",
        "2026-11-22T23:59:60.000Z",
        "2026-W47-7T12:00:00.000Z",
        "1969-12-31T23:59:59.999Z",
        "0000-01-01T00:00:00.000Z",
        "٢٠٢٦-11-22T12:00:00.000Z",
    ],
)
def test_any_other_spelling_is_malformed_and_says_where(wire):
    with pytest.raises(MalformedError) as caught:
        instant.parse(wire, where="expires")
    assert caught.value.where == "expires"
    assert str(caught.value).isprintable()


def test_a_person_may_leave_the_decimals_out():
    assert instant.parse_argument("2026-11-22T12:00:00Z", where="--at") == 1_795_348_800_000
    assert instant.parse_argument("2026-11-22T12:00:00.001Z", where="--at") == 1_795_348_800_001
    for given_ in ("2026-11-22T12:00:00", "2026-11-22", "now", "2026-11-22T12:00:00+0Z"):
        with pytest.raises(MalformedError):
            instant.parse_argument(given_, where="--at")


HALVES = st.sampled_from(
    ["2026-11-22T12:00:00", "2026-11-22T12:00:01", "2026-02-30T12:00:00", "2026-11-22T24:00:00", ""]
)
DECIMALS = st.sampled_from([".000Z", ".250Z", ".25Z", ".250", ".2500Z", ".٢٥٠Z", "Z", ""])


@given(st.lists(st.tuples(HALVES, DECIMALS).map("".join) | st.integers(0, LAST).map(instant.text)))
def test_who_reads_many_accepts_the_same_whatever_came_before(wires):
    reader = instant.Instants()
    for wire in wires:
        assert max(-1, reader.read(wire.encode())) == max(-1, instant.milliseconds(wire))


def test_who_reads_many_remembers_no_more_than_it_should():
    reader = instant.Instants()
    for second in range(3000):
        assert reader.read(instant.text(second * 1000).encode()) == second * 1000
    assert len(reader._seconds) <= 1024


def test_who_reads_many_refuses_what_is_no_text():
    with pytest.raises(ValueError, match="utf-8"):
        instant.Instants().read(b"2026-11-22T12:00:00.\xff00Z")
