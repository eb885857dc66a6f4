"""Heads of HTTP/1.1 messages (RFC 9112), read strictly, and written.

Where two readers could see the end of a body in different places there is no message: a length and chunks at once, two
lengths, a coding other than chunks, a line that ends otherwise or goes on in the next one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Final, NamedTuple

from attest.errors import MalformedError

MAX_HEAD_BYTES: Final = 64 * 1024
MAX_FIELDS: Final = 200
HEAD_END: Final = b"\r\n\r\n"
UNTIL_CLOSED: Final = -1
"""As a length: the body ends with the connection."""

_STATUS: Final = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9]{2})(?: [\t\x20-\x7e\x80-\xff]*)?")
FIELD: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):([\t\x20-\x7e\x80-\xff]*)")
_REQUEST: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}) ([\x21-\x7e]{1,8192}) HTTP/1\.([01])")
_ABSOLUTE: Final = re.compile("(?i)https?://([^/?#]+)(.*)")
_LENGTH: Final = re.compile("[0-9]{1,15}")
_BROKEN: Final = re.compile("[\r\n\0]")
_NO_CONTENT: Final = 204
_NOT_MODIFIED: Final = 304
_FIRST_FINAL: Final = 200
_SWITCHING: Final = 101
_PHRASES: Final = {status.value: status.phrase for status in HTTPStatus}

Fields = tuple[tuple[str, str], ...]


class AnswerHead(NamedTuple):
    """What an answer says before its body."""

    status: int
    fields: Fields
    values: dict[str, list[str]]
    """All values of each field by its name in lower case."""
    length: int
    """Of the body in bytes; `UNTIL_CLOSED`."""
    is_chunked: bool
    is_kept: bool
    """Whether the connection may be used again."""

    @property
    def is_interim(self) -> bool:
        """Whether another head follows, with the answer itself (1xx)."""
        return self.status < _FIRST_FINAL


class RequestHead(NamedTuple):
    """What a request says before its body."""

    method: str
    path: str
    """As it was written, without a query."""
    fields: Fields
    values: dict[str, list[str]]
    """All values of each field by its name in lower case."""
    length: int
    """Of the body in bytes."""
    is_chunked: bool
    is_kept: bool
    """Whether the client may ask again on the connection."""
    is_latest: bool
    """HTTP/1.1, not 1.0."""
    is_interim: bool = False


def read_request_head(octets: bytes) -> RequestHead:
    """Read a head up to its empty line, without that; raise `MalformedError`."""
    first, *lines = octets.split(b"\r\n")
    start = _REQUEST.fullmatch(first)
    if start is None:
        raise _malformed("a request line of HTTP/1.1", "another")
    fields, values = _read_fields(lines)
    is_latest = start[3] == b"1"
    lengths, codings = values.get("content-length", []), values.get("transfer-encoding", [])
    _check_framing(lengths, codings, is_latest=is_latest)
    return RequestHead(
        start[1].decode("ascii"),
        _path(start[2].decode("ascii"), values.get("host", [])),
        fields,
        values,
        int(lengths[0]) if lengths else 0,
        bool(codings),
        is_latest and not any(map(_closes, values.get("connection", []))),
        is_latest,
    )


def _path(target: str, hosts: list[str]) -> str:
    """Return the path in a target, which may be a whole URL if that names the host, too (RFC 9112, 3.2)."""
    whole = _ABSOLUTE.fullmatch(target)
    if whole is not None:
        if [whole[1].lower()] != [host.lower() for host in hosts]:
            raise _malformed("a target at the host that is named", "another")
        target = whole[2] if whole[2].startswith("/") else f"/{whole[2]}"
    if not target.startswith("/"):
        raise _malformed("a path", "another target")
    return target.partition("?")[0]


def read_answer_head(octets: bytes) -> AnswerHead:
    """Read a head up to its empty line, without that; raise `MalformedError`."""
    first, *lines = octets.split(b"\r\n")
    start = _STATUS.fullmatch(first)
    if start is None:
        raise _malformed("a status line of HTTP/1.1", "another")
    fields, values = _read_fields(lines)
    status, is_latest = int(start[2]), start[1] == b"1"
    lengths, codings = values.get("content-length", []), values.get("transfer-encoding", [])
    _check_framing(lengths, codings, is_latest=is_latest)
    length, is_chunked = int(lengths[0]) if lengths else UNTIL_CLOSED, bool(codings)
    if status == _SWITCHING:
        raise _malformed("an answer in HTTP/1.1", "another protocol")
    if status < _FIRST_FINAL or status == _NO_CONTENT:
        if is_chunked or length > 0:
            raise _malformed("no body", "one")
        length = 0
    elif status == _NOT_MODIFIED:
        length, is_chunked = 0, False
    ends = not is_latest or (length == UNTIL_CLOSED and not is_chunked)
    is_kept = not ends and not any(map(_closes, values.get("connection", [])))
    return AnswerHead(status, fields, values, length, is_chunked, is_kept)


def _read_fields(lines: list[bytes]) -> tuple[Fields, dict[str, list[str]]]:
    """Return the fields in their order, and all values of each by its name in lower case."""
    if len(lines) > MAX_FIELDS:
        raise _malformed(f"at most {MAX_FIELDS} fields", "more")
    found: list[tuple[str, str]] = []
    values: dict[str, list[str]] = {}
    for line in lines:
        field = FIELD.fullmatch(line)
        if field is None:
            raise _malformed("header fields", "another line")
        name, value = field[1].decode("ascii"), field[2].strip(b" \t").decode("utf-8", "surrogateescape")
        found.append((name, value))
        values.setdefault(name.lower(), []).append(value)
    return tuple(found), values


def _check_framing(lengths: list[str], codings: list[str], *, is_latest: bool) -> None:
    """Refuse what says twice, or otherwise than by a length or in chunks, where a body ends (RFC 9112, 6)."""
    if len(lengths) + len(codings) > 1:
        raise _malformed("one length of the body", "several")
    if codings and (codings[0].lower() != "chunked" or not is_latest):
        raise _malformed("a body in chunks", "another coding")
    if lengths and not _LENGTH.fullmatch(lengths[0]):
        raise _malformed("a length of the body", "another value")


def _closes(value: str) -> bool:
    return any(token.strip(" \t").lower() == "close" for token in value.split(","))


def write_request_head(start: bytes, fields: Iterable[tuple[str, str]], length: int | None) -> bytes:
    """Write a head: `start` is the request line with its end and fixed fields, `length` that of the body if one goes.

    Raises `MalformedError` for a field that would end its line.
    """
    return b"%b%b\r\n" % (start, _written(fields, length))


def write_answer_head(status: int, date: str, fields: Iterable[tuple[str, str]], length: int | None) -> bytes:
    """Write a head; `length` is that of the body, None where it is in chunks or there can be none.

    Raises `MalformedError` for a field that would end its line.
    """
    start = f"HTTP/1.1 {status} {_PHRASES.get(status, '')}\r\nDate: {date}\r\n".encode("ascii")
    return b"%b%b\r\n" % (start, _written(fields, length))


def has_body(status: int) -> bool:
    """Return whether an answer of this status has a body and a length (RFC 9110, 6.4.1)."""
    return status >= _FIRST_FINAL and status not in {_NO_CONTENT, _NOT_MODIFIED}


def _written(fields: Iterable[tuple[str, str]], length: int | None) -> bytes:
    lines = [f"{name}: {value}\r\n" for name, value in fields]
    text = "".join(lines)
    if len(_BROKEN.findall(text)) != 2 * len(lines):
        raise _malformed("header fields", "one of several lines")
    if length is not None:
        text += f"Content-Length: {length}\r\n"
    return text.encode("utf-8", "surrogateescape")


def _malformed(expected: str, found: str) -> MalformedError:
    return MalformedError("HTTP", expected, found)
