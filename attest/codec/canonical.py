"""RFC 8785 out: the one sequence of bytes that a value has.

`rfc8785` is the definition. It is also slower than the signature that follows it, so records take a faster encoder
wherever that writes the same bytes: keys without characters beyond U+FFFF sort alike in both, and fields of records are
never floats and never integers beyond 2**53 - 1 (a test walks all records for that). Everything else goes through
`rfc8785`, imported once there is such a thing; a property test compares the two.
"""

from __future__ import annotations

from typing import Any

import msgspec

from attest.codec.records import Record
from attest.errors import MalformedError

_ENCODER = msgspec.json.Encoder(order="sorted")

_BEYOND = 0xF0
"""The least byte with which UTF-8 begins what UTF-16 has to write as a pair, which sorts before U+E000 to U+FFFF."""


def encode(record: Record) -> bytes:
    """Return the RFC 8785 form of a record; raise `MalformedError` if it has none (a lone surrogate)."""
    quick = _encode(record, "record")
    return quick if quick.isascii() or _sorts_alike(quick) else encode_value(msgspec.to_builtins(record))


def encode_text(text: str) -> bytes:
    """Return the RFC 8785 form of a text; raise `MalformedError` if it has none (a lone surrogate)."""
    return _encode(text, "text")


def is_form_of(octets: bytes, record: Record) -> bool:
    """Return whether `octets` are the RFC 8785 form of a record that was read from them."""
    return (_ENCODER.encode(record) == octets and _sorts_alike(octets)) or encode(record) == octets


def encode_value(value: Any) -> bytes:  # noqa: ANN401  (any JSON value)
    """Return the RFC 8785 form of a JSON value made of dict, list, str, int, float, bool and None."""
    import rfc8785

    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError, RecursionError) as error:
        raise MalformedError("JSON value", "a value with an RFC 8785 form", str(error)[:120]) from error


def _encode(value: Record | str, what: str) -> bytes:
    try:
        return _ENCODER.encode(value)
    except UnicodeEncodeError as error:
        raise MalformedError(what, "text without lone surrogates", "one") from error


def _sorts_alike(octets: bytes) -> bool:
    return octets.isascii() or max(octets) < _BEYOND
