"""Answers of HTTP/1.1: read alike in whatever pieces they come, and never other than another careful reader does."""

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.errors import MalformedError
from attest.portal.web.http1.heads import (
    MAX_FIELDS,
    MAX_HEAD_BYTES,
    UNTIL_CLOSED,
    read_answer_head,
    write_request_head,
)
from attest.portal.web.http1.reader import MAX_INTERIM, Reader

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def read(octets, *, cuts=(), closed=False):
    """Read one answer in pieces; return its head, its body, and whether it is over."""
    reader, body = Reader(read_answer_head), b""
    for start, stop in zip([0, *cuts], [*cuts, len(octets)], strict=True):
        reader.feed(octets[start:stop])
        body += reader.take()
    if closed:
        reader.end()
    return reader.head, body, reader.is_over


def as_h11_reads(octets):
    """Return what another reader makes of an answer on a connection that then ends: status, fields and body."""
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD_BYTES)
    connection.send(h11.Request(method="POST", target="/", headers=[("Host", "x"), ("Content-Length", "0")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(octets)
    connection.receive_data(b"")
    head, body = None, b""
    while not isinstance(event := connection.next_event(), h11.EndOfMessage):
        if isinstance(event, h11.Response):
            head = event
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
        elif not isinstance(event, h11.InformationalResponse):
            raise h11.RemoteProtocolError(repr(event))
    assert head is not None
    return head.status_code, [(name.lower(), value.lower()) for name, value in head.headers], body


CHUNKS = st.lists(st.binary(min_size=1, max_size=40), max_size=4)
NAMES = st.sampled_from(["Content-Type", "mcp-session-id", "X", "Connection", "Cache-Control"])
VALUES = st.sampled_from(["", "a", "application/json; charset=utf-8", "close", "keep-alive, Close", " spaced\t"])


@st.composite
def answers(draw):
    """An answer, its status and its body, and where it is cut into pieces."""
    status = draw(st.sampled_from([200, 202, 204, 304, 404, 500]))
    fields = "".join(f"{name}:{value}\r\n" for name, value in draw(st.lists(st.tuples(NAMES, VALUES), max_size=4)))
    chunks = [] if status in (204, 304) else draw(CHUNKS)
    body, framed = b"".join(chunks), b"".join(chunks)
    if status not in (204, 304):
        if draw(st.booleans()):
            fields += "Transfer-Encoding: Chunked\r\n"
            extension, trailer = draw(st.sampled_from([b"", b";a=b"])), draw(st.sampled_from([b"", b"X: y\r\n"]))
            framed = b"".join(b"%x%b\r\n%b\r\n" % (len(each), extension, each) for each in chunks)
            framed += b"0\r\n" + trailer + b"\r\n"
        else:
            fields += f"Content-Length: {len(body)}\r\n"
    interim = draw(st.sampled_from([b"", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"]))
    octets = interim + f"HTTP/1.1 {status} Reason\r\n{fields}\r\n".encode() + framed
    return octets, status, body, sorted(draw(st.sets(st.integers(0, len(octets)), max_size=6)))


@given(answers())
def test_pieces_of_any_size_give_the_same_answer(answer):
    octets, status, body, cuts = answer
    head, got, is_over = read(octets, cuts=cuts)
    assert (head.status, got, is_over) == (status, body, True)
    closes = any("close" in value.lower() for name, value in head.fields if name == "Connection")
    assert head.is_kept is not closes


@given(answers(), st.integers(0, 10_000), st.integers(0, 255))
def test_what_is_read_from_a_damaged_answer_is_what_another_reader_reads(answer, at, octet):
    octets = bytearray(answer[0])
    octets[at % len(octets)] = octet
    try:
        head, body, is_over = read(bytes(octets), closed=True)
    except MalformedError:
        return
    assert is_over
    status, fields, others = as_h11_reads(bytes(octets))
    assert (head.status, body) == (status, others)
    ours = [(name.lower().encode(), value.encode("utf-8", "surrogateescape").lower()) for name, value in head.fields]
    assert ours == fields


@given(answers(), st.integers(1, 10_000))
def test_an_answer_that_breaks_off_is_never_whole(answer, missing):
    octets = answer[0]
    with pytest.raises(MalformedError):
        read(octets[: len(octets) - 1 - missing % len(octets)], closed=True)


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 1\r\nTransfer-Encoding: chunked",
        b"Content-Length: 1\r\nContent-Length: 1",
        b"Content-Length: 1, 1",
        b"Content-Length: +1",
        b"Content-Length: 0x1",
        b"Content-Length: \xb2",
        b"Content-Length:",
        b"Content-Length : 1",
        b"Content-Length: 1\r\n\tfolded",
        b" Content-Length: 1",
        b"Content-Length: 1\nX: y",
        b"Content-Length: 1\rX: y",
        b"X: \x00",
        b"X\xe9: y",
        b": y",
        b"nothing",
        b"Transfer-Encoding: gzip, chunked",
        b"Transfer-Encoding: identity",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: \x0bchunked",
    ],
)
def test_a_head_that_two_readers_could_read_differently_is_none(head):
    with pytest.raises(MalformedError):
        read_answer_head(b"HTTP/1.1 200 OK\r\n" + head)


@pytest.mark.parametrize(
    "line",
    [
        b"HTTP/1.1  200 OK",
        b"HTTP/1.1 0200 OK",
        b"HTTP/2.0 200 OK",
        b"HTTP/1.1 99 Low",
        b"HTTP/1.1 600 High",
        b"HTTP/1.1 200 O\x00K",
        b"http/1.1 200 OK",
        b"HTTP/1.1 101 Switching Protocols",
        b"HTTP/1.1 204 No\r\nContent-Length: 1",
        b"HTTP/1.1 204 No\r\nTransfer-Encoding: chunked",
        b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked",
        b"HTTP/1.1 200 OK" + b"\r\nX: y" * (MAX_FIELDS + 1),
    ],
)
def test_another_status_or_one_that_its_fields_belie_is_none(line):
    with pytest.raises(MalformedError):
        read_answer_head(line)


@pytest.mark.parametrize(
    "octets",
    [
        CHUNKED + b"1\r\nxx",
        CHUNKED + b"1\nx",
        CHUNKED + b"-1\r\n",
        CHUNKED + b"0x1\r\nx\r\n",
        CHUNKED + b"1 1\r\nx\r\n",
        CHUNKED + b"\r\nx",
        CHUNKED + b"f" * 13 + b"\r\n",
        CHUNKED + b"1;" + b"x" * 2000,
        CHUNKED + b"0\r\n" + b"X: y\r\n" * 20_000,
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * MAX_HEAD_BYTES,
        b"HTTP/1.1 103 Early\r\n\r\n" * (MAX_INTERIM + 1),
    ],
)
def test_bodies_that_are_not_framed_as_they_say_are_none(octets):
    for cuts in ((), range(1, min(len(octets), 200))):
        with pytest.raises(MalformedError):
            read(octets, cuts=tuple(cuts), closed=True)


def test_an_answer_that_has_no_body_may_say_so():
    for said in (b"", b"Content-Length: 0\r\n"):
        head, body, is_over = read(b"HTTP/1.1 204 No Content\r\n" + said + b"\r\n")
        assert (head.status, head.is_kept, body, is_over) == (204, True, b"", True)


def test_a_body_without_a_length_ends_with_the_connection_which_is_not_kept():
    head, body, is_over = read(b"HTTP/1.1 200 OK\r\n\r\nall of it", cuts=(22,))
    assert (head.length, head.is_kept, body, is_over) == (UNTIL_CLOSED, False, b"all of it", False)
    assert read(b"HTTP/1.1 200 OK\r\n\r\nall of it", closed=True)[2]
    assert not read_answer_head(b"HTTP/1.0 200 OK\r\nContent-Length: 0").is_kept


@pytest.mark.parametrize("field", [("X", "a\r\nY: b"), ("X\nY", "b"), ("X", "\0"), ("X", "\r")])
def test_a_field_that_would_become_two_is_not_sent(field):
    with pytest.raises(MalformedError):
        write_request_head(b"POST / HTTP/1.1\r\n", [("A", "b"), field], 0)


def test_a_request_says_how_long_its_body_is_if_one_goes():
    start = b"POST / HTTP/1.1\r\nHost: x\r\n"
    assert write_request_head(start, [("A", "\udce4")], 7) == start + b"A: \xe4\r\nContent-Length: 7\r\n\r\n"
    assert write_request_head(start, [], None) == start + b"\r\n"
