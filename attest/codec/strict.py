"""Strict JSON in: our own documents in their one form, foreign ones without anything two readers could read apart."""

from __future__ import annotations

import re
from _thread import allocate_lock
from collections import Counter
from typing import Any, Final, NoReturn, TypeVar

import msgspec

from attest.codec import canonical
from attest.codec.printable import printable
from attest.codec.records import MAX_SAFE_INTEGER, Record
from attest.errors import MalformedError

MAX_DEPTH: Final = 64
"""Deepest nesting accepted in a foreign document; real build evidence stays below 20."""

MAX_MARKS: Final = 2_000_000
"""Most commas and opening brackets in a foreign document: each is a value at most, and a value costs 60 bytes."""

MAX_DOCUMENT_BYTES: Final = 32 * 1024 * 1024
"""Largest document read as a whole; larger ones (manifest, evidence bundle) are read as streams of lines."""

R = TypeVar("R", bound=Record)
T = TypeVar("T")

_COMPLAINT: Final = r"(?:Expected (?P<expected>.*?), got (?P<found>.*?)|(?P<other>.*?))(?: - at `(?P<at>.*)`)?"


_DECODERS: Final[dict[Any, msgspec.json.Decoder[Any]]] = {}
_MAKING: Final = allocate_lock()
"""Of `threading`, which costs a millisecond to import, this lock is all that is needed."""


def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:  # noqa: ANN401  (a type form)
    """Return the decoder of a type, made by one thread alone.

    msgspec (0.22) learns a record's fields at its first use and shows them to other threads half learned: the process
    then ends with a segmentation fault.
    """
    known = _DECODERS.get(kind)
    if known is None:
        with _MAKING:
            known = _DECODERS.setdefault(kind, msgspec.json.Decoder(kind))
    return known


def read(octets: bytes, kind: type[R], *, where: str, max_bytes: int = MAX_DOCUMENT_BYTES) -> R:
    """Read a document of ours: right fields, right types, and equal to its own RFC 8785 form, byte for byte.

    The last condition refuses duplicate keys, white space, needless escapes, odd numbers and every other second
    spelling. Raises `MalformedError`; checks nothing about who wrote it.
    """
    record: R = read_any_form(octets, kind, where=where, max_bytes=max_bytes)
    if not canonical.is_form_of(octets, record):
        raise MalformedError(where, "JSON in RFC 8785 form", "the same values spelled differently or given twice")
    return record


def read_any_form(octets: bytes, kind: type[R], *, where: str, max_bytes: int = MAX_DOCUMENT_BYTES) -> R:
    """Read typed JSON without asking for the canonical form; duplicate keys are NOT found: see `read_edited`."""
    _check_size(octets, where, max_bytes)
    try:
        return _decoder(kind).decode(octets)  # type: ignore[no-any-return]
    except msgspec.ValidationError as error:
        _complain(where, error)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedError(where, "JSON in UTF-8", _brief(error)) from error
    except MalformedError as error:
        raise MalformedError(f"{where}: {error.where}", error.expected, error.found) from error


def read_edited(octets: bytes, kind: type[T], *, where: str, max_bytes: int = MAX_DOCUMENT_BYTES) -> T:
    """Read a document that people edit by hand: any layout, but no duplicate keys and only known fields."""
    return convert(parse(octets, where=where, max_bytes=max_bytes), kind, where=where)


def convert(value: Any, kind: type[T], *, where: str) -> T:  # noqa: ANN401  (a parsed JSON value)
    """Give a parsed JSON value its type, or raise `MalformedError` with the field that does not fit."""
    _decoder(kind)  # for what it does to the type: see there
    try:
        return msgspec.convert(value, kind, strict=True)
    except msgspec.ValidationError as error:
        _complain(where, error)
    except MalformedError as error:
        raise MalformedError(f"{where}: {error.where}", error.expected, error.found) from error


def parse(octets: bytes, *, where: str, max_bytes: int = MAX_DOCUMENT_BYTES) -> Any:  # noqa: ANN401  (a JSON value)
    """Parse a foreign JSON document strictly.

    Refused: duplicate keys, NaN and infinities, integers beyond 2**53 - 1, invalid UTF-8, a byte order mark, lone
    surrogates, nesting below `MAX_DEPTH`, more than `max_bytes`. Which values stand in it is the caller's to check.
    """
    import json  # our own documents are read by msgspec

    _check_size(octets, where, max_bytes)
    marks = sum(map(octets.count, (b",", b"[", b"{")))
    if marks > MAX_MARKS:
        raise MalformedError(where, f"at most {MAX_MARKS} values", f"up to {marks}")
    try:
        value = json.loads(
            octets.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_constant=_refuse_number,
            parse_int=_safe_integer,
            parse_float=_finite,
        )
    except UnicodeDecodeError as error:
        raise MalformedError(where, "UTF-8", f"byte {error.start} is not") from error
    except RecursionError as error:
        raise MalformedError(where, f"nesting up to {MAX_DEPTH}", "deeper nesting") from error
    except (json.JSONDecodeError, ValueError) as error:
        raise MalformedError(where, "one strict JSON value", _brief(error)) from error
    _check_depth_and_text(value, where)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(pairs)
    if len(unique) != len(pairs):
        counts = Counter(name for name, _ in pairs)
        twice = next(name for name, count in counts.items() if count > 1)
        msg = f"the key {twice[:40]!a} twice"
        raise ValueError(msg)
    return unique


def _refuse_number(name: str) -> NoReturn:
    msg = f"the number {name}"
    raise ValueError(msg)


def _safe_integer(digits: str) -> int:
    # The length first: turning a million digits into an int takes minutes.
    if len(digits) > len(str(-MAX_SAFE_INTEGER)) or abs(int(digits)) > MAX_SAFE_INTEGER:
        msg = "an integer beyond 2**53 - 1"
        raise ValueError(msg)
    return int(digits)


def _finite(digits: str) -> float:
    number = float(digits)
    if number in {float("inf"), float("-inf")}:
        _refuse_number(digits[:40])
    return number


def _check_size(octets: bytes, where: str, max_bytes: int) -> None:
    if len(octets) > max_bytes:
        raise MalformedError(where, f"at most {max_bytes} bytes", f"{len(octets)}")


def _check_depth_and_text(value: Any, where: str) -> None:  # noqa: ANN401  (a JSON value)
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH + 1):
        below: list[Any] = []
        for item in level:
            if isinstance(item, str):
                _check_text(item, where)
            elif isinstance(item, dict):
                below.extend(item.keys())
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
        if not below:
            return
        level = below
    raise MalformedError(where, f"nesting up to {MAX_DEPTH}", "deeper nesting")


def _check_text(text: str, where: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise MalformedError(where, "text without lone surrogates", ascii(text[:40])) from error


def _complain(where: str, error: msgspec.ValidationError) -> NoReturn:
    # The library quotes unknown names and values as they stand in the document, which may be an attacker's.
    match = re.fullmatch(_COMPLAINT, printable(str(error)))
    at = f"{where}: {match['at']}" if match and match["at"] else where
    expected = (match and match["expected"]) or "the fields and types of this document"
    found = (match and (match["found"] or match["other"])) or "others"
    raise MalformedError(at, expected.replace("`", ""), found.replace("`", "")[:160]) from error


def _brief(error: Exception) -> str:
    return str(error).splitlines()[0][:120] if str(error) else type(error).__name__
