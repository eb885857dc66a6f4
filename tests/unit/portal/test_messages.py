"""The reader of messages: strict where two readers could differ, and deaf to what no rule reads."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.portal.session.messages import Kind, Message, Unreadable, read_message
from attest.portal.session.spans import params_of, with_member, without_elements
from tests.laws import examples

WITHOUT_NUL = st.characters(codec="utf-8", exclude_characters="\0")
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(WITHOUT_NUL, max_size=8), inner, max_size=4),
    max_leaves=12,
)
MEMBERS = st.dictionaries(st.text(WITHOUT_NUL, min_size=12, max_size=16), JSON, max_size=3)
"""Of names that no reader takes for one of ours."""
IDS = st.integers(-(2**53) + 1, 2**53 - 1) | st.text()


def read(octets: bytes) -> Message:
    message = read_message(octets)
    assert isinstance(message, Message), message
    return message


@given(IDS, st.text(), MEMBERS, MEMBERS)
def test_requests_are_read_whatever_else_stands_in_them(number, method, params, others):
    octets = json.dumps({**others, "jsonrpc": "2.0", "id": number, "method": method, "params": params}).encode()
    message = read(octets)
    assert (message.kind, message.id, message.method, message.octets) == (Kind.REQUEST, number, method, octets)
    assert json.loads(params_of(octets)) == params


@given(IDS, JSON, MEMBERS, st.sampled_from(["result", "error"]))
def test_answers_are_read_whatever_stands_in_them(number, answer, others, name):
    message = read(json.dumps({"jsonrpc": "2.0", "id": number, name: answer, **others}).encode())
    assert (message.kind, message.id) == (Kind(name), number)


@given(st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
@examples(3)
def test_anything_is_read_or_refused_with_a_code_and_a_reason(octets):
    found = read_message(octets)
    if isinstance(found, Unreadable):
        assert found.code in {-32700, -32600}
        assert found.reason.isprintable()


@given(st.text(WITHOUT_NUL, min_size=1, max_size=4), JSON, JSON)
def test_a_key_twice_is_found_at_any_depth_and_in_any_spelling(key, first, second):
    spelled = "".join(f"\\u{unit:04x}" for unit in _units(key))
    inner = f'{{{json.dumps(key)}:{json.dumps(first)},"{spelled}":{json.dumps(second)}}}'
    for octets in (f'{{"jsonrpc":"2.0","id":1,"method":"m","params":{inner}}}', f"[[{inner}]]"):
        found = read_message(octets.encode())
        assert isinstance(found, Unreadable)
        assert found.code == -32700


def _units(text: str) -> list[int]:
    octets = text.encode("utf-16-be")
    return [int.from_bytes(octets[at : at + 2], "big") for at in range(0, len(octets), 2)]


def test_an_error_may_be_about_no_request():
    assert read(b'{"jsonrpc":"2.0","id":null,"error":{}}').id is None
    assert read(b'{"jsonrpc":"2.0","error":{}}').id is None


@pytest.mark.parametrize("digits", ["9" * 4300, "-" + "9" * 20_000, "1e400", "123456789012345678901234567890"])
def test_a_number_of_any_size_is_let_through_where_nobody_reads_it(digits):
    octets = f'{{"jsonrpc":"2.0","id":1,"method":"m","params":{{"a":{digits}}}}}'.encode()
    assert read(octets).octets == octets


def test_nesting_is_let_through_up_to_its_bound():
    def nested(levels: int) -> bytes:
        inner = '{"a":' * levels + "1" + "}" * levels
        return f'{{"jsonrpc":"2.0","id":1,"method":"m","params":{inner}}}'.encode()

    assert read(nested(63)).method == "m"
    assert isinstance(read_message(nested(64)), Unreadable)
    assert isinstance(read_message(nested(63).replace(b"1}", b'{"b":[],"c":[]}}')), Unreadable)


@given(st.lists(JSON, min_size=1, max_size=6), st.sets(st.integers(0, 5)), MEMBERS)
def test_elements_are_left_out_and_nothing_else_changes(elements, left_out, others):
    kept = [each for index, each in enumerate(elements) if index not in left_out]
    message = {"jsonrpc": "2.0", "id": 1, "result": {**others, "tools": elements, "z": "tools"}}
    octets = without_elements(json.dumps(message, indent=1).encode(), ("result", "tools"), left_out)
    assert json.loads(octets) == {**message, "result": {**others, "tools": kept, "z": "tools"}}
    before, after = json.dumps(message, indent=1).encode().split(b'"tools": [', 1)
    assert octets.startswith(before)
    assert octets.endswith(after[after.rindex(b"]") :])


@given(MEMBERS, st.none() | MEMBERS)
def test_a_member_is_put_in_and_nothing_else_changes(result, meta):
    if meta is not None:
        result = {**result, "_meta": meta}
    message = {"jsonrpc": "2.0", "id": 1, "result": result}
    octets = with_member(json.dumps(message).encode(), ("result", "_meta"), "name", b'"value"')
    wanted = {**message, "result": {**result, "_meta": {**(meta or {}), "name": "value"}}}
    assert json.loads(octets) == wanted
    assert with_member(octets, ("result", "_meta"), "name", b"1") == octets
