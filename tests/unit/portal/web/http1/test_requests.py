"""Requests of HTTP/1.1: read never other than another careful reader does, and refused where two could differ."""

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.errors import MalformedError
from attest.portal.web.http1.heads import MAX_FIELDS, read_request_head, write_answer_head
from attest.portal.web.http1.reader import Reader


def read(octets):
    """Return method, path, fields and body of one whole request, and what comes behind it."""
    reader = Reader(read_request_head)
    reader.feed(octets)
    head = reader.head
    if head is None or not reader.is_over:
        raise MalformedError("HTTP", "all of it", "a part")
    fields = [(name.lower().encode(), value.encode("utf-8", "surrogateescape").lower()) for name, value in head.fields]
    return head.method, head.path, fields, reader.take(), reader.rest


def as_h11_reads(octets):
    """Return what another reader makes of it."""
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(octets)
    head, body = connection.next_event(), b""
    while isinstance(event := connection.next_event(), h11.Data):
        body += bytes(event.data)
    assert isinstance(head, h11.Request)
    assert isinstance(event, h11.EndOfMessage)
    fields = [(bytes(name), bytes(value).lower()) for name, value in head.headers]
    return head.method.decode(), head.target.decode().partition("?")[0], fields, body, connection.trailing_data[0]


NAMES = st.sampled_from(["Content-Type", "mcp-session-id", "X", "Connection", "Origin"])
VALUES = st.sampled_from(["", "a", "application/json; charset=utf-8", "close", " spaced\t"])


@st.composite
def requests(draw):
    """A request with a body of a length, in chunks, or without one."""
    method, target = draw(st.sampled_from(["POST", "GET", "DELETE"])), draw(st.sampled_from(["/mcp", "/mcp?x=/y", "/"]))
    fields = "".join(f"{name}:{value}\r\n" for name, value in draw(st.lists(st.tuples(NAMES, VALUES), max_size=4)))
    chunks = draw(st.lists(st.binary(min_size=1, max_size=40), max_size=4))
    framed = b"".join(chunks)
    if draw(st.booleans()):
        fields += "Transfer-Encoding: chunked\r\n"
        framed = b"".join(b"%x\r\n%b\r\n" % (len(each), each) for each in chunks) + b"0\r\n\r\n"
    elif chunks:
        fields += f"Content-Length: {len(framed)}\r\n"
    return f"{method} {target} HTTP/1.1\r\nHost: x\r\n{fields}\r\n".encode() + framed


@given(requests(), st.integers(0, 10_000), st.integers(0, 255))
def test_what_is_read_from_a_damaged_request_is_what_another_reader_reads(request, at, octet):
    assert read(request) == as_h11_reads(request)
    damaged = bytearray(request)
    damaged[at % len(damaged)] = octet
    try:
        ours = read(bytes(damaged))
    except MalformedError:
        return
    # The other one knows neither whole URLs nor that HTTP/1.1 has one host: those have tests of their own.
    if (
        damaged.startswith(tuple(f"{method} /".encode() for method in ("POST", "GET", "DELETE")))
        and b"Host: x" in damaged
    ):
        assert ours == as_h11_reads(bytes(damaged))


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 1\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: chunked\r\nContent-Length: 1",
        b"Content-Length: 1\r\ncontent-length: 1",
        b"Content-Length: 1,1",
        b"Content-Length: -1",
        b"Content-Length: +1",
        b"Content-Length: 1_0",
        b"Content-Length: \xd9\xa1",
        b"Content-Length",
        b"Content-Length : 1",
        b"Content-Length\t: 1",
        b"X: y\r\n Content-Length: 1",
        b"X: y\nContent-Length: 1",
        b"X: y\rContent-Length: 1",
        b"X: y\x0bz",
        b"X: y\x00",
        b"X: y\x7f",
        b"Transfer-Encoding: chunked, chunked",
        b"Transfer-Encoding: chunked, identity",
        b"Transfer-Encoding: xchunked",
        b"Transfer-Encoding: \x0cchunked",
        b"Transfer-Encoding: chunked;q=1",
        b"X: y\r\n" * MAX_FIELDS + b"X: y",
    ],
)
def test_a_head_that_two_readers_could_read_differently_is_none(head):
    with pytest.raises(MalformedError):
        read_request_head(b"POST /mcp HTTP/1.1\r\nHost: x\r\n" + head)


@pytest.mark.parametrize(
    "line",
    [
        b"POST  /mcp HTTP/1.1",
        b"POST /mcp  HTTP/1.1",
        b" POST /mcp HTTP/1.1",
        b"POST /m cp HTTP/1.1",
        b"POST /mcp",
        b"POST /mcp HTTP/1.1 ",
        b"POST /mcp HTTP/2.0",
        b"POST /mcp HTTP/1.2",
        b"POST /mcp http/1.1",
        b"P(ST /mcp HTTP/1.1",
        b"POST mcp HTTP/1.1",
        b"POST * HTTP/1.1",
        b"CONNECT x:80 HTTP/1.1",
        b"POST /m\xc3\xa4 HTTP/1.1",
        b"POST /m\tcp HTTP/1.1",
        b"POST http://y/mcp HTTP/1.1",
        b"POST http:///mcp HTTP/1.1",
        b"POST http://x@x/mcp HTTP/1.1",
        b"POST /" + b"x" * 8192 + b" HTTP/1.1",
        b"",
    ],
)
def test_another_request_line_is_none(line):
    with pytest.raises(MalformedError):
        read_request_head(line + b"\r\nHost: x")


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (b"/mcp", "/mcp"),
        (b"/mcp?a=b", "/mcp"),
        (b"//x/mcp", "//x/mcp"),
        (b"/%6dcp", "/%6dcp"),
        (b"http://X/mcp?a", "/mcp"),
        (b"https://x?/mcp", "/"),
    ],
)
def test_a_path_is_what_was_written_and_a_whole_url_names_the_host(target, path):
    assert read_request_head(b"POST %b HTTP/1.1\r\nHost: x" % target).path == path


def test_chunks_need_http_1_1_and_http_1_0_keeps_no_connection():
    with pytest.raises(MalformedError):
        read_request_head(b"POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked")
    assert not read_request_head(b"POST / HTTP/1.0\r\nHost: x\r\nConnection: keep-alive").is_kept
    assert not read_request_head(b"POST / HTTP/1.1\r\nHost: x\r\nConnection: x, CLOSE").is_kept
    assert read_request_head(b"POST / HTTP/1.1\r\nHost: x\r\nConnection: closed").is_kept


def test_an_answer_of_a_status_that_nobody_knows_has_no_phrase():
    assert (
        write_answer_head(599, "now", [("A", "b")], 0)
        == b"HTTP/1.1 599 \r\nDate: now\r\nA: b\r\nContent-Length: 0\r\n\r\n"
    )
    with pytest.raises(MalformedError):
        write_answer_head(200, "now", [("A", "b\r\nSet-Cookie: c")], 0)
