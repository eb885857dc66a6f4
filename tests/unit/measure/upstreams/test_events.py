"""Events keep their bytes, whatever the pieces they come in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.errors import MalformedError
from attest.measure.upstreams.events import Event, EventReader

ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])
LINES = st.sampled_from(
    [b"data: {}", b"data:x", b"data", b": comment", b"event: message", b"id: 7", b"retry: 5", b"other"]
)


@st.composite
def streams(draw):
    """Events with every kind of line end, and the stream cut into pieces."""
    written = []
    for _ in range(draw(st.integers(1, 4))):
        end = draw(ENDS)
        lines = draw(st.lists(LINES, min_size=1, max_size=4))
        written.append(b"".join(line + end for line in lines) + end)
    whole = b"".join(written)
    cuts = sorted(draw(st.sets(st.integers(0, len(whole)), max_size=6)))
    pieces = [whole[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    return written, pieces


@given(streams())
def test_pieces_of_any_size_give_the_same_events_and_no_byte_is_lost(stream):
    written, pieces = stream
    reader = EventReader()
    events = [event for piece in pieces for event in reader.feed(piece)]
    assert b"".join(event.raw for event in events) + reader.rest == b"".join(written)
    # An empty line of CR alone ends its event only once it is known that no LF follows.
    assert [event.raw for event in events] == written[: len(events)]
    assert len(events) >= len(written) - written[-1].endswith(b"\r")


@pytest.mark.parametrize(
    ("raw", "data"),
    [
        (b"data: a\n\n", b"a"),
        (b"data:a\ndata: b\n\n", b"a\nb"),
        (b"data\n\n", b""),
        (b"event: x\ndata:  two\r\nid: 1\n\n", b" two"),
        (b": comment\n\n", None),
        (b": \xe2\x80\xa8data: a\n\n", None),
        (b"database: a\n\n", None),
    ],
)
def test_data_is_what_the_standard_says(raw, data):
    assert list(EventReader().feed(raw)) == [Event(raw=raw, data=data)]


def test_a_byte_order_mark_is_one_at_the_beginning_and_nowhere_else():
    mark = b"\xef\xbb\xbf"
    first, second = EventReader().feed(mark + b"data: a\n\n" + mark + b"data: b\ndata: c\n" + mark + b"data: d\n\n")
    assert first == Event(raw=b"data: a\n\n", data=b"a")
    assert (second.data, second.plain) == (b"c", b"data: c\n\n")


@pytest.mark.parametrize("end", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\0"])
@pytest.mark.parametrize("beside", [":", "id:", "event:", "retry:", "other:", "other"])
def test_what_only_some_readers_take_for_a_line_goes_no_further(beside, end):
    hidden = f"{beside}{end}data: evil{end}{end}".encode()
    event = next(EventReader().feed(hidden + b"\ndata: {}\nid: 7\n\n"))
    assert (event.data, event.plain) == (b"{}", b"data: {}\nid: 7\n\n")
    assert event.with_data(b"[]") == b"id: 7\ndata: []\n\n"
    assert next(EventReader().feed(hidden + b"\n\n")).plain.split() == []


@given(streams())
def test_plain_events_say_what_events_say(stream):
    written, _ = stream
    for event in EventReader().feed(b"".join(written)):
        assert [each.data for each in EventReader().feed(event.plain + b":") if each.raw.strip()] in ([event.data], [])
        assert event.data is None or b"data" in event.plain


def test_other_data_leaves_the_other_fields():
    event = next(EventReader().feed(b"event: message\r\nid: 7\r\ndata: a\r\ndata: b\r\n\r\n"))
    assert event.with_data(b"{}") == b"event: message\nid: 7\ndata: {}\n\n"
    with pytest.raises(MalformedError):
        event.with_data(b"a\nb")


def test_an_event_without_end_is_refused_and_not_held():
    reader = EventReader(max_bytes=100)
    assert not list(reader.feed(b"data: " + b"x" * 90))
    with pytest.raises(MalformedError):
        list(reader.feed(b"x" * 90))
