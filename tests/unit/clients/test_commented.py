"""Comments are blanked, strings are left alone, and every byte keeps its place."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.clients.commented import without_comments

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_what_is_json_already_stays_as_it_is(value):
    octets = json.dumps(value, indent=1, ensure_ascii=False).encode("utf-8", "surrogatepass")
    assert without_comments(octets) == octets


@given(st.binary(max_size=200))
def test_nothing_moves_whatever_it_is(octets):
    plain = without_comments(octets)
    assert len(plain) == len(octets)
    assert [at for at, octet in enumerate(plain) if octet == 0x0A] == [at for at, o in enumerate(octets) if o == 0x0A]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1, // one\n "b": 2}', {"a": 1, "b": 2}),
        ('/* first */ {"a": [1, 2,], }', {"a": [1, 2]}),
        ('{"a": "// none", "b": "/* none */"}', {"a": "// none", "b": "/* none */"}),
        ('{"a": "\\"//", "b": 1 /* , */ , /* last */ }', {"a": '"//', "b": 1}),
        ("[1, /* a */ 2 /* b */]", [1, 2]),
        ("[1, // a ]\n 2]", [1, 2]),
    ],
)
def test_what_editors_accept_is_read(text, value):
    assert json.loads(without_comments(text.encode())) == value


@pytest.mark.parametrize("text", ['{"a": 1,, }', '{"a": 1 /', '{"a": "x'])
def test_what_is_wrong_stays_wrong(text):
    with pytest.raises(json.JSONDecodeError):
        json.loads(without_comments(text.encode()))


def test_many_commas_take_no_longer_than_few():
    """No repetition may look at the rest of the file for each comma."""
    octets = b"[" + b"1, " * 200_000 + b"1]"
    assert without_comments(octets) == octets
