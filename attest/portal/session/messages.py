"""One strict reader of JSON-RPC messages: what two readers could read apart is no message, and is not forwarded.

Refused: duplicate keys, keys that differ from one that we read only in case (Go takes them for the same), keys that
hold a NUL (where they end for C), the key `__proto__`, invalid UTF-8, lone surrogates, NaN, batches, nesting below
`MAX_DEPTH`, ids beyond 2**53 - 1 (JavaScript takes neighbours for the same). Other numbers of any size are let through:
the rules refuse them where they read. Whoever forwards, forwards the bytes that were read here.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, Final, NoReturn

import msgspec

from attest.codec.records import MAX_SAFE_INTEGER
from attest.codec.strict import MAX_DEPTH, MAX_MARKS


class Kind(StrEnum):
    """What a message is (JSON-RPC 2.0, sections 4 and 5)."""

    REQUEST = "request"
    NOTIFICATION = "notification"
    RESULT = "result"
    ERROR = "error"


Id = int | str
"""The id of a request; `1` and `"1"` are two."""


class Message(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A message as it was read; `octets` are the bytes that it was read from, and what is forwarded."""

    kind: Kind
    octets: bytes
    id: Id | None = None
    """None also in an error response to what the server could not read."""
    method: str = ""
    params: Mapping[str, Any] | None = None
    whole: Mapping[str, Any]
    """All of it, as values."""

    @property
    def answer(self) -> Any:  # noqa: ANN401  (a JSON value)
        """The value of `result` or `error`."""
        return self.whole[self.kind.value]


class Unreadable(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is no message: the JSON-RPC error code, why, and the id where there is no doubt about it."""

    code: int
    reason: str
    id: Id | None = None


PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600
INVALID_PARAMS: Final = -32602

_ENVELOPE: Final = frozenset({"jsonrpc", "id", "method", "params", "result", "error"})
_READ_IN_PARAMS: Final = frozenset({
    "_meta", "argument", "arguments", "cursor", "inputResponses", "name", "ref", "requestId", "requestState", "uri",
})  # fmt: skip
_READ_IN_REF: Final = frozenset({"name", "type", "uri"})
_READ_IN_RESULT: Final = frozenset({
    "_meta", "content", "inputRequests", "instructions", "isError", "nextCursor", "prompts", "requestState",
    "resourceTemplates", "resources", "resultType", "structuredContent", "tools",
})  # fmt: skip
_TOO_DEEP: Final = f"nesting below {MAX_DEPTH} levels"
_MAX_DIGITS: Final = 4300
"""As far as Python converts unasked."""
_SPACE: Final = " \t\n\r"
_ANCESTOR: Final = "__proto__"
"""To a server in JavaScript that copies an object with such a key, what stands there stands in the object itself."""
_SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F]")


def read_line(line: bytes) -> Message | Unreadable:
    """Read one message that came as a line, without its end.

    A carriage return is white space in JSON, but to readers in Python's text mode, Java and .NET it ends a line: they
    would take an object inside of this message for one of its own.
    """
    if 0 <= line.find(b"\r") < len(line) - 1:
        return Unreadable(code=PARSE_ERROR, reason="a carriage return within a line")
    return read_message(line)


def read_message(octets: bytes) -> Message | Unreadable:
    """Read one message from exactly these bytes, without a line end."""
    try:
        value = _object(octets)
    except _NoMessageError as error:
        return Unreadable(code=error.code, reason=error.reason)
    try:
        return _classify(value, octets)
    except _NoMessageError as error:
        return Unreadable(code=error.code, reason=error.reason, id=_id_of(value))


class _NoMessageError(ValueError):
    """What was read is no message."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def _object(octets: bytes) -> dict[str, Any]:
    value = _parse(octets)
    if isinstance(value, dict):
        return value
    found = "a batch" if isinstance(value, list) else "no object"
    raise _NoMessageError(INVALID_REQUEST, f"one JSON-RPC message was expected, found {found}")


def _parse(octets: bytes) -> Any:  # noqa: ANN401  (a JSON value)
    opened = octets.count(b"[") + octets.count(b"{")
    if octets.count(b",") + opened > MAX_MARKS:
        raise _NoMessageError(INVALID_REQUEST, f"more than {MAX_MARKS} values")
    try:
        value = _decoded(octets.decode("utf-8").strip(_SPACE))
    except UnicodeDecodeError as error:
        raise _NoMessageError(PARSE_ERROR, f"byte {error.start} is not UTF-8") from error
    except RecursionError as error:
        raise _NoMessageError(INVALID_REQUEST, _TOO_DEEP) from error
    except _NoMessageError:
        raise
    except ValueError as error:
        raise _NoMessageError(PARSE_ERROR, f"no strict JSON: {str(error)[:80]!a}") from error
    if opened > MAX_DEPTH and _depth(value) > MAX_DEPTH:
        raise _NoMessageError(INVALID_REQUEST, _TOO_DEEP)
    if b"\\" in octets and _SURROGATE.search(octets) and not _is_text(value):
        raise _NoMessageError(PARSE_ERROR, "a lone surrogate")
    if b"\\u0000" in octets and any("\0" in key for level in _levels(value) for key in _keys(level)):
        raise _NoMessageError(PARSE_ERROR, "a key that holds a NUL")
    return value


def _keys(level: list[Any]) -> Iterator[str]:
    return (key for item in level if isinstance(item, dict) for key in item)


def _decoded(text: str) -> Any:  # noqa: ANN401  (a JSON value)
    """Return what `JSONDecoder.decode` returns of text without white space around it, which that looks for twice."""
    value, end = _DECODER.raw_decode(text)
    if end != len(text):
        raise json.JSONDecodeError("Extra data", text, end)
    return value


def _classify(value: dict[str, Any], octets: bytes) -> Message:
    _refuse_lookalikes(value, _ENVELOPE)
    if value.get("jsonrpc") != "2.0":
        raise _NoMessageError(INVALID_REQUEST, '"jsonrpc":"2.0" was expected')
    number = _id_of(value)
    if "id" in value and number is None and not (value["id"] is None and "error" in value):
        raise _NoMessageError(INVALID_REQUEST, "an id that is a string, or an integer up to 2**53 - 1, was expected")
    kinds = [kind for name, kind in _MARKS if name in value]
    if len(kinds) != 1 or (kinds[0] is Kind.RESULT and "id" not in value):
        raise _NoMessageError(INVALID_REQUEST, "a request, a notification or a response was expected")
    if kinds[0] is not Kind.REQUEST:
        _refuse_lookalikes(value.get("result"), _READ_IN_RESULT)
        return Message(kind=kinds[0], octets=octets, id=number, whole=value)
    method, params = value["method"], value.get("params")
    if not isinstance(method, str) or not ("params" not in value or isinstance(params, dict)):
        raise _NoMessageError(INVALID_REQUEST, "a method's name, and an object of parameters, were expected")
    if params:
        _refuse_lookalikes(params, _READ_IN_PARAMS)
        _refuse_lookalikes(params.get("ref"), _READ_IN_REF)
    kind = Kind.REQUEST if "id" in value else Kind.NOTIFICATION
    return Message(kind=kind, octets=octets, id=number, method=method, params=params, whole=value)


def _id_of(value: Mapping[str, Any]) -> Id | None:
    found = value.get("id")
    if isinstance(found, int):
        return None if isinstance(found, bool) or abs(found) > MAX_SAFE_INTEGER else found
    return found if isinstance(found, str) else None


_MARKS: Final = (("method", Kind.REQUEST), ("result", Kind.RESULT), ("error", Kind.ERROR))


def _refuse_lookalikes(value: Any, names: frozenset[str]) -> None:  # noqa: ANN401  (a JSON value)
    """Refuse an object with a key that is another one of `names` to a reader who is not strict about it."""
    if not isinstance(value, dict) or value.keys() <= names:
        return
    for key in value.keys() - names:
        name = _UNFOLDED.get(key.casefold())
        if name in names:
            raise _NoMessageError(INVALID_REQUEST, f"a key that some readers take for {name!a}")


_UNFOLDED: Final = {name.casefold(): name for name in (*_ENVELOPE, *_READ_IN_PARAMS, *_READ_IN_REF, *_READ_IN_RESULT)}


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(pairs)
    if len(unique) != len(pairs):
        twice = next(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        raise _NoMessageError(PARSE_ERROR, f"the key {twice[:40]!a} twice")
    if _ANCESTOR in unique:
        raise _NoMessageError(PARSE_ERROR, f"the key {_ANCESTOR!a}")
    return unique


def _refuse_constant(name: str) -> NoReturn:
    msg = f"the number {name}"
    raise ValueError(msg)


def _integer(digits: str) -> int | float:
    # The length first: turning a million digits into an int takes minutes. Who reads the value refuses infinity.
    return int(digits) if len(digits) <= _MAX_DIGITS else float("inf")


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse_constant, parse_int=_integer)


def _levels(value: Any) -> Iterator[list[Any]]:  # noqa: ANN401  (a JSON value)
    """Yield the values of each level, the keys of objects among those of the level below."""
    level: list[Any] = [value]
    while level:
        yield level
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                below.extend(item)
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
        level = below


def _depth(value: Any) -> int:  # noqa: ANN401  (a JSON value)
    return sum(any(isinstance(item, dict | list) for item in level) for level in _levels(value))


def _is_text(value: Any) -> bool:  # noqa: ANN401  (a JSON value)
    try:
        for level in _levels(value):
            "".join(item for item in level if isinstance(item, str)).encode()
    except UnicodeEncodeError:
        return False
    return True
