"""A proofreader refuses what the strict reader refuses, and accepts the rest, whatever it has read before."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.errors import MalformedError
from attest.statement import proofreading
from attest.statement.predicates import RECEIPTS, runtime_measurement
from attest.statement.proofreading import Proofreader
from attest.statement.statement import read_statement
from tests.log_documents import LOG

TYPE = runtime_measurement.PREDICATE_TYPE
RECEIPT_PAYLOADS = [step.payload for step in LOG]
MEASUREMENT = next(payload for payload in RECEIPT_PAYLOADS if json.loads(payload)["predicateType"] == TYPE)
TIMES = st.sampled_from(["2026-11-22T12:00:00.000Z", "2026-02-30T12:00:00.000Z", "2026-11-22T12:00:00,000Z"])


def _type_of(payload: bytes) -> str:
    found: str = json.loads(payload)["predicateType"]
    return found


def _changed(path: tuple[str, ...], value: object) -> bytes:
    document: Any = json.loads(MEASUREMENT)
    inner = document["predicate"]
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _accepts(reader: Proofreader, payload: bytes) -> bool:
    try:
        reader.read(_type_of(payload), payload)
    except MalformedError:
        return False
    return True


@pytest.mark.parametrize("payload", RECEIPT_PAYLOADS)
def test_every_receipt_of_a_log_is_read(payload):
    reader = Proofreader()
    assert [_accepts(reader, payload), _accepts(reader, payload)] == [True, True]


CHANGES = st.one_of(
    st.tuples(st.sampled_from([("measured", "startedAt"), ("measured", "finishedAt")]), TIMES),
    st.tuples(st.just(("measured", "coverage", "oldestHashAgeMilliseconds")), st.integers(-1, 2**60) | st.just("7")),
    st.tuples(st.just(("measured", "coverage", "files")), st.integers(-1, 2**60)),
    st.tuples(st.just(("measured", "runtime")), st.sampled_from(["a" * 64, "A" * 64, "a" * 63, None])),
    st.tuples(st.just(("measured", "coverage", "more")), st.integers(0, 9)),
)


@given(st.lists(CHANGES, min_size=1, max_size=6))
def test_what_was_read_before_makes_no_difference(changes):
    reader = Proofreader()
    reader.read(TYPE, MEASUREMENT)
    for path, value in changes:
        payload = _changed(path, value)
        assert _accepts(reader, payload) == _accepts(Proofreader(), payload)


@given(st.integers(0, len(MEASUREMENT) - 1), st.integers(0, 255))
def test_no_byte_outside_the_header_is_taken_on_trust(at, byte):
    reader = Proofreader()
    reader.read(TYPE, MEASUREMENT)
    begin = MEASUREMENT.index(b'"receipt":{')
    if begin <= at < MEASUREMENT.index(b"}", begin):
        return
    payload = MEASUREMENT[:at] + bytes([byte]) + MEASUREMENT[at + 1 :]
    try:
        read_statement(payload, TYPE, RECEIPTS[TYPE], where="draft")
    except MalformedError:
        with pytest.raises(MalformedError):
            reader.read(TYPE, payload)
    else:
        reader.read(TYPE, payload)


def test_a_measurement_like_the_last_one_is_not_read_in_full(monkeypatch):
    reader = Proofreader()
    reader.read(TYPE, MEASUREMENT)
    monkeypatch.setattr(proofreading, "read_statement", None)
    reader.read(TYPE, _changed(("measured", "startedAt"), "2026-11-22T11:59:59.123Z"))
    reader.read(TYPE, _changed(("receipt", "nonce"), "5" * 32))
    with pytest.raises(TypeError):
        reader.read(TYPE, _changed(("measured", "startedAt"), "2026-11-22T25:00:00.000Z"))


def test_a_number_that_grew_too_large_is_seen():
    reader = Proofreader()
    age = ("measured", "coverage", "oldestHashAgeMilliseconds")
    reader.read(TYPE, _changed(age, 2**53 - 1))
    with pytest.raises(MalformedError):
        reader.read(TYPE, _changed(age, 2**53))
