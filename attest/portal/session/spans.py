"""Where the parts of a message stand in its bytes: to commit to them exactly, and to leave some out, or put one in.

Only for messages that `read_message` accepted: nothing stands in them twice, and every value is one.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Final

import msgspec

from attest.errors import MalformedError

_SPACE: Final = " \t\r\n"


class _Params(msgspec.Struct, frozen=True, gc=False):
    params: msgspec.Raw = msgspec.Raw(b"{}")


_DECODER: Final = msgspec.json.Decoder(_Params)
_SKIPPER: Final = json.JSONDecoder()


def params_of(octets: bytes) -> bytes:
    """Return the exact bytes of `params`; `{}` where there are none."""
    return bytes(_DECODER.decode(octets).params)


def without_elements(octets: bytes, path: tuple[str, ...], left_out: Collection[int]) -> bytes:
    """Return a message without some elements, by their index, of the array at `path`; all other bytes as they were."""
    text = octets.decode("utf-8")
    start = _find(text, path)
    spans = list(_elements(text, start))
    kept = [text[begin:end] for index, (begin, end) in enumerate(spans) if index not in left_out]
    first, last = spans[0][0], spans[-1][1]
    return (text[:first] + ",".join(kept) + text[last:]).encode()


def with_value(octets: bytes, path: tuple[str, ...], value: bytes) -> bytes:
    """Return a message with another value at `path`; all other bytes as they were."""
    text = octets.decode("utf-8")
    start = _find(text, path)
    end: int = _SKIPPER.raw_decode(text, start)[1]
    return (text[:start] + value.decode() + text[end:]).encode()


def with_member(octets: bytes, path: tuple[str, ...], name: str, value: bytes) -> bytes:
    """Return a message with one more member in the object at `path`, the last of which is made if it is missing.

    A member of that name stays as it is: then nothing is put in.
    """
    text = octets.decode("utf-8")
    written = f"{json.dumps(name)}:{value.decode()}"
    try:
        start = _find(text, path)
    except MalformedError:
        start, written = _find(text, path[:-1]), f"{json.dumps(path[-1])}:{{{written}}}"
    members = dict(_members(text, start))
    if name in members:
        return octets
    at = start + 1
    return (text[:at] + written + ("," if members else "") + text[at:]).encode()


def _find(text: str, path: tuple[str, ...]) -> int:
    """Return where the value at `path` begins, below the outermost object."""
    at = _after_space(text, 0)
    for name in path:
        found = dict(_members(text, at)).get(name)
        if found is None:
            raise MalformedError("message", f"a member {name!a}", "none")
        at = found
    return at


def _members(text: str, start: int) -> Iterator[tuple[str, int]]:
    """Yield each name of the object at `start`, and where its value begins."""
    at = _after_space(text, start + 1)
    while text[at] != "}":
        name, at = _SKIPPER.raw_decode(text, at)
        at = _after_space(text, _after_space(text, at) + 1)
        yield name, at
        at = _after_value(text, at)


def _elements(text: str, start: int) -> Iterator[tuple[int, int]]:
    """Yield where each element of the array at `start` begins and ends."""
    at = _after_space(text, start + 1)
    while text[at] != "]":
        end: int = _SKIPPER.raw_decode(text, at)[1]
        yield at, end
        at = _after_comma(text, end)


def _after_value(text: str, at: int) -> int:
    return _after_comma(text, _SKIPPER.raw_decode(text, at)[1])


def _after_comma(text: str, at: int) -> int:
    at = _after_space(text, at)
    return _after_space(text, at + 1) if text[at] == "," else at


def _after_space(text: str, at: int) -> int:
    while text[at] in _SPACE:
        at += 1
    return at
