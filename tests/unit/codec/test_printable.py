"""Any text as one line for documents and terminals."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.codec.printable import printable
from attest.codec.records import Line

ANY_TEXT = st.text(st.characters(exclude_categories=()))


@given(ANY_TEXT, st.integers(2, 50))
def test_what_comes_out_is_a_printable_line_within_the_limit(text, limit):
    line = printable(text, limit=limit)
    assert line.isprintable()
    assert 1 <= len(line) <= limit
    assert msgspec.convert(line, Line) == line


@given(st.text("abc äß\\"))
def test_what_is_printable_stays_as_it_is(text):
    assert printable(text) == (text or '""')


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\nb", "a\\x0ab"),
        ("\x1b[2J", "\\x1b[2J"),
        ("\u202e", "\\u202e"),
        ("\udc80", "\\udc80"),
        ("\U000e0001", "\\U000e0001"),
        ("x" * 5000, "x" * 4095 + "…"),
    ],
)
def test_the_unprintable_is_spelled_out(text, line):
    assert printable(text) == line
