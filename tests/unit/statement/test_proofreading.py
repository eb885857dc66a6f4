"""A proofreader refuses what the strict reader refuses, and accepts the rest, whatever it has read before."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.errors import MalformedError
from attest.statement import proofreading
from attest.statement.predicates import RECEIPTS, runtime_measurement, tool_permit
from attest.statement.proofreading import Proofreader
from attest.statement.statement import read_statement
from tests.log_documents import LOG

TYPE = runtime_measurement.PREDICATE_TYPE
PERMIT = tool_permit.PREDICATE_TYPE
VECTORS = Path(__file__).parents[2] / "vectors"
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


# The receipts of calls: the same laws.


def _vectors(kind):
    return sorted((VECTORS / kind).glob("*.json"))


def test_the_type_of_permits_is_spelled_as_its_record_has_it():
    assert PERMIT in proofreading._HOLES


@pytest.mark.parametrize("path", _vectors("tool-permit"), ids=lambda path: path.stem)
@pytest.mark.parametrize("first", [None, "good.json", "good-outcome.json"])
def test_every_vector_of_a_permit_is_judged_the_same_whatever_was_read_before(path, first):
    reader = Proofreader()
    if first is not None:
        reader.read(PERMIT, (VECTORS / "tool-permit" / first).read_bytes())
    payload = path.read_bytes()
    strictly = True
    try:
        read_statement(payload, PERMIT, RECEIPTS[PERMIT], where="draft")
    except MalformedError:
        strictly = False
    taken = True
    try:
        reader.read(PERMIT, payload)
    except MalformedError:
        taken = False
    # The header is left to whoever made it.
    like = first is not None and _headless(payload) == _headless((VECTORS / "tool-permit" / first).read_bytes())
    assert taken == strictly or (taken and like)


def _headless(payload):
    return re.sub(rb'"receipt":\{[^{}]*\}', b"", payload)


@pytest.mark.parametrize("name", ["good.json", "good-outcome.json"])
@given(st.data())
def test_no_byte_of_a_permit_outside_its_header_is_taken_on_trust(name, data):
    good = (VECTORS / "tool-permit" / name).read_bytes()
    begin = good.index(b'"receipt":{')
    at = data.draw(st.integers(0, len(good) - 1).filter(lambda at: not begin <= at < good.index(b"}", begin)))
    payload = good[:at] + bytes([data.draw(st.integers(0, 255))]) + good[at + 1 :]
    reader = Proofreader()
    reader.read(PERMIT, good)
    try:
        read_statement(payload, PERMIT, RECEIPTS[PERMIT], where="draft")
    except MalformedError:
        with pytest.raises(MalformedError):
            reader.read(PERMIT, payload)
    else:
        reader.read(PERMIT, payload)


def test_a_permit_like_one_before_is_not_read_in_full(monkeypatch):
    good = (VECTORS / "tool-permit" / "good.json").read_bytes()
    reader = Proofreader()
    reader.read(PERMIT, good)
    monkeypatch.setattr(proofreading, "read_statement", None)
    identity = json.loads(good)["predicate"]["call"]["id"].encode()
    reader.read(PERMIT, good.replace(identity, b"5" * 32))
    with pytest.raises(TypeError):
        reader.read(PERMIT, good.replace(identity, b"G" * 32))


def test_moulds_are_bounded(monkeypatch):
    monkeypatch.setattr(proofreading, "_MAX_MOULDS", 2)
    reader = Proofreader()
    for name in ("good.json", "good-outcome.json"):
        reader.read(PERMIT, (VECTORS / "tool-permit" / name).read_bytes())
    reader.read(TYPE, MEASUREMENT)
    assert len(reader._moulds) == 1
