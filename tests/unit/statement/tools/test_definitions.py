"""One digest pins all tools of a server: any difference is another set, and the order of listing is none."""

from __future__ import annotations

import datetime as dt
import hashlib
import json

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from attest.codec import strict
from attest.errors import MalformedError
from attest.statement.tools.definitions import ToolDefinition, definition_of, digest_of_set
from attest.statement.tools.foreign import MAX_TEXT, check_object, text_of, text_of_parsed
from tests.call_documents import DEFINITIONS, DEFINITIONS_DIGEST

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(-1e15, 1e15) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(max_size=6), VALUES, max_size=4)
DIGESTS = st.binary(min_size=32, max_size=32).map(bytes.hex)
PAIRS = st.lists(st.tuples(st.text(min_size=1, max_size=6), DIGESTS), max_size=6)


@given(OBJECTS)
def test_an_object_is_read_from_its_own_text_alone(value):
    text = text_of(value, where="x")
    assert text.encode() == rfc8785.dumps(value)
    assert text_of_parsed(json.loads(text), where="x") == text
    assert rfc8785.dumps(check_object(text, where="x")) == rfc8785.dumps(value)


@given(OBJECTS.filter(bool), st.booleans())
def test_a_second_spelling_is_refused(value, ascii_only):
    other = json.dumps(dict(reversed(value.items())), ensure_ascii=ascii_only)
    with pytest.raises(MalformedError, match="RFC 8785"):
        check_object(other, where="x")


SECOND = ('{"a":1.0}', '{"a":1e2}', '{"a":-0}', '{"\\u0061":1}', '{"b":1,"a":2}', '{"a": 1}', '{"a":"\\/"}')
NONE = ("", "{", "[]", "1", '{"a":1}{}', '{"a":1,"a":1}', '{"a":NaN}', '{"a":9007199254740993}', '{"a":"\ud800"}')


@pytest.mark.parametrize("text", [*SECOND, *NONE, "{" + '"a":{' * 70 + "}" * 71], ids=ascii)
def test_what_is_no_object_in_its_one_form_is_refused(text):
    with pytest.raises(MalformedError, match=r"^x: "):
        check_object(text, where="x")


def test_an_object_without_a_form_and_a_very_long_one_are_refused():
    for value in ({"a": 2**53}, {"a": 2.0**53}, {"a": "\ud800"}, {"a": "b" * MAX_TEXT}):
        for make in (text_of, text_of_parsed):
            with pytest.raises(MalformedError, match=r"^x: "):
                check_object(make(value, where="x"), where="x")


@pytest.mark.parametrize("value", [{"a": float("nan")}, {"a": float("inf")}, {"a": dt.date(2026, 1, 1)}])
def test_what_no_json_says_has_no_text(value):
    with pytest.raises(MalformedError, match=r"^x: "):
        text_of(value, where="x")


@given(PAIRS, st.randoms(use_true_random=False))
def test_the_order_in_which_tools_are_listed_does_not_count(pairs, random):
    shuffled = list(pairs)
    random.shuffle(shuffled)
    assert digest_of_set(shuffled) == digest_of_set(pairs)


@given(PAIRS, PAIRS)
def test_another_set_has_another_digest(one, other):
    assert (digest_of_set(one) == digest_of_set(other)) == (sorted(one) == sorted(other))


def test_a_tool_that_is_listed_twice_makes_another_set():
    pairs = [(each.name, each.sha256) for each in DEFINITIONS]
    assert digest_of_set(pairs) == DEFINITIONS_DIGEST
    assert digest_of_set([*pairs, pairs[0]]) != DEFINITIONS_DIGEST


def test_the_digest_of_a_set_is_what_the_specification_says():
    tools = [{"name": each.name, "sha256": each.sha256} for each in DEFINITIONS]
    assert (
        hashlib.sha256(json.dumps({"tools": tools}, separators=(",", ":")).encode()).hexdigest() == DEFINITIONS_DIGEST
    )


@pytest.mark.parametrize(
    "change",
    [
        {"description": "Get current time in a specific timezone."},
        {"title": "Clock"},
        {"annotations": {"readOnlyHint": False}},
        {"inputSchema": {"type": "object"}},
        {"x-unknown": None},
    ],
)
def test_a_change_anywhere_in_a_definition_is_another_definition(change):
    element = strict.parse(DEFINITIONS[1].text.encode(), where="x")
    assert definition_of({**element, **change}).sha256 != DEFINITIONS[1].sha256
    assert definition_of(dict(reversed(element.items()))) == DEFINITIONS[1]


def test_a_definition_has_the_digest_and_the_name_of_its_text():
    one, other = DEFINITIONS
    for name, digest in ((one.name, other.sha256), (other.name, one.sha256)):
        with pytest.raises(MalformedError, match="definition of"):
            ToolDefinition(name=name, sha256=digest, text=one.text)
    for element in ({}, {"name": 7}, {"name": None}):
        with pytest.raises(MalformedError, match="a name"):
            definition_of(element)
