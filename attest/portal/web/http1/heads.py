"""Heads of HTTP/1.1 messages (RFC 9112): those of answers read strictly, those of requests written.

Where two readers could see the end of a body in different places there is no answer: a length and chunks at once, two
lengths, a coding other than chunks, a line that ends otherwise or goes on in the next one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from attest.errors import MalformedError

MAX_HEAD_BYTES: Final = 64 * 1024
MAX_FIELDS: Final = 200
HEAD_END: Final = b"\r\n\r\n"
UNTIL_CLOSED: Final = -1
"""As a length: the body ends with the connection."""

_STATUS: Final = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9]{2})(?: [\t\x20-\x7e\x80-\xff]*)?")
FIELD: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):([\t\x20-\x7e\x80-\xff]*)")
_LENGTH: Final = re.compile("[0-9]{1,15}")
_BROKEN: Final = re.compile("[\r\n\0]")
_NO_CONTENT: Final = 204
_NOT_MODIFIED: Final = 304
_FIRST_FINAL: Final = 200
_SWITCHING: Final = 101

Fields = tuple[tuple[str, str], ...]


class AnswerHead(NamedTuple):
    """What an answer says before its body."""

    status: int
    fields: Fields
    length: int
    """Of the body in bytes; `UNTIL_CLOSED`."""
    is_chunked: bool
    is_kept: bool
    """Whether the connection may be used again."""

    @property
    def is_interim(self) -> bool:
        """Whether another head follows, with the answer itself (1xx)."""
        return self.status < _FIRST_FINAL


def read_answer_head(octets: bytes) -> AnswerHead:
    """Read a head up to its empty line, without that; raise `MalformedError`."""
    first, *lines = octets.split(b"\r\n")
    start = _STATUS.fullmatch(first)
    if start is None or len(lines) > MAX_FIELDS:
        raise _malformed("a status line of HTTP/1.1", "another")
    found: list[tuple[str, str]] = []
    framing: dict[str, list[str]] = {"content-length": [], "transfer-encoding": [], "connection": []}
    for line in lines:
        field = FIELD.fullmatch(line)
        if field is None:
            raise _malformed("header fields", "another line")
        name, value = field[1].decode("ascii"), field[2].strip(b" \t").decode("utf-8", "surrogateescape")
        found.append((name, value))
        if (special := framing.get(name.lower())) is not None:
            special.append(value)
    status, is_latest = int(start[2]), start[1] == b"1"
    length, is_chunked = _framing(status, framing["content-length"], framing["transfer-encoding"])
    if status == _SWITCHING or (is_chunked and not is_latest):
        raise _malformed("an answer in HTTP/1.1", "another protocol")
    is_kept = is_latest and length != UNTIL_CLOSED and not any(map(_closes, framing["connection"]))
    return AnswerHead(status, tuple(found), length, is_chunked, is_kept)


def _framing(status: int, lengths: list[str], codings: list[str]) -> tuple[int, bool]:
    """Return the length of the body, and whether it comes in chunks instead (RFC 9112, 6.3)."""
    if len(lengths) + len(codings) > 1:
        raise _malformed("one length of the body", "several")
    if codings and codings[0].lower() != "chunked":
        raise _malformed("a body in chunks", "another coding")
    if lengths and not _LENGTH.fullmatch(lengths[0]):
        raise _malformed("a length of the body", "another value")
    if status < _FIRST_FINAL or status == _NO_CONTENT:
        if codings or (lengths and int(lengths[0])):
            raise _malformed("no body", "one")
        return 0, False
    if status == _NOT_MODIFIED:
        return 0, False
    if codings:
        return 0, True
    return (int(lengths[0]) if lengths else UNTIL_CLOSED), False


def _closes(value: str) -> bool:
    return any(token.strip(" \t").lower() == "close" for token in value.split(","))


def write_request_head(start: bytes, fields: Iterable[tuple[str, str]], length: int | None) -> bytes:
    """Write a head: `start` is the request line with its end and fixed fields, `length` that of the body if one goes.

    Raises `MalformedError` for a field that would end its line.
    """
    lines = [f"{name}: {value}\r\n" for name, value in fields]
    text = "".join(lines)
    if len(_BROKEN.findall(text)) != 2 * len(lines):
        raise _malformed("header fields", "one of several lines")
    if length is not None:
        text += f"Content-Length: {length}\r\n"
    return b"%b%b\r\n" % (start, text.encode("utf-8", "surrogateescape"))


def _malformed(expected: str, found: str) -> MalformedError:
    return MalformedError("HTTP", expected, found)
