"""Lines: whole ones, whatever the pieces; one that is too long is skipped in bounded memory."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.portal.session.lines import Lines, Overlong, id_at_an_end


@given(st.lists(st.binary(max_size=40)))
def test_lines_do_not_depend_on_the_pieces_that_they_come_in(pieces):
    lines = Lines(max_bytes=16)
    found = [line for piece in pieces for line in lines.feed(piece)] + list(lines.finish())
    whole = [line for line in b"".join(pieces).split(b"\n") if line.strip(b" \t\r") or len(line) > 16]
    assert [line if isinstance(line, bytes) else line.size for line in found] == [
        line if len(line) <= 16 else len(line) for line in whole
    ]


def test_a_line_that_is_too_long_takes_no_more_memory_than_one_that_is_not():
    lines = Lines(max_bytes=1000)
    for _ in range(1000):
        assert list(lines.feed(b"x" * 1000)) == []
        assert len(lines._rest) <= 2000
    (line,) = lines.feed(b"y\nz")
    assert isinstance(line, Overlong)
    assert (line.size, line.head[:1], line.tail[-1:]) == (1_000_001, b"x", b"y")
    assert list(lines.feed(b"\n")) == [b"z"]


@pytest.mark.parametrize(
    ("line", "number"),
    [
        (b'{"jsonrpc":"2.0","id":7,"result":"', 7),
        (b'{"jsonrpc": "2.0", "id": "a b", "result":', "a b"),
        (b' { "id":-1 , "result":', -1),
        (b'{"result":{"id":3}},"jsonrpc":"2.0","id":7}', 7),
        (b'"}],"id":7,"jsonrpc":"2.0"} ', 7),
        (b'{"jsonrpc":"2.0","result":{"id":7}}', None),
        (b'{"jsonrpc":"2.0","result":{"a":1,"id":7}}', None),
        (b'{"jsonrpc":"2.0","method":"x","id":7}', 7),
        (b'{"id":1.5,"result":', None),
        (b'{"id":"\\ud8", "result":', None),
        (b"", None),
    ],
)
def test_the_id_of_what_was_not_read_is_found_where_it_can_be_nothing_else(line, number):
    assert id_at_an_end(line, line) == number


@given(st.integers(-(10**15) + 1, 10**15 - 1) | st.text(max_size=20), st.sampled_from([0, 1, 2]))
def test_the_id_is_found_in_the_orders_that_servers_write(number, order):
    members = {"jsonrpc": "2.0", "id": number, "result": {"id": "no", "text": 'x","id":3}'}}
    names = (["jsonrpc", "id", "result"], ["result", "jsonrpc", "id"], ["id", "result", "jsonrpc"])[order]
    line = json.dumps({name: members[name] for name in names}).encode()
    assert id_at_an_end(line[:512], line[-512:]) == number
