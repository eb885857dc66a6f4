"""RFC 8785 out: the one sequence of bytes that a value has.

`rfc8785` is the definition. It is also slower than the signature that follows it, so records take a faster encoder
wherever that writes the same bytes: ASCII keys sort alike in both, and fields of records are never floats and never
integers beyond 2**53 - 1 (a test walks all records for that). Everything else goes through `rfc8785`; a property test
compares the two.
"""

from __future__ import annotations

from typing import Any

import msgspec
import rfc8785

from attest.codec.records import Record
from attest.errors import MalformedError

_ENCODER = msgspec.json.Encoder(order="sorted")


def encode(record: Record) -> bytes:
    """Return the RFC 8785 form of a record; raise `MalformedError` if it has none (a lone surrogate)."""
    try:
        quick = _ENCODER.encode(record)
    except UnicodeEncodeError as error:
        raise MalformedError("record", "text without lone surrogates", "one") from error
    if quick.isascii():
        return quick
    return encode_value(msgspec.to_builtins(record))


def is_form_of(octets: bytes, record: Record) -> bool:
    """Return whether `octets` are the RFC 8785 form of a record that was read from them."""
    return (_ENCODER.encode(record) == octets and octets.isascii()) or encode(record) == octets


def encode_value(value: Any) -> bytes:  # noqa: ANN401  (any JSON value)
    """Return the RFC 8785 form of a JSON value made of dict, list, str, int, float, bool and None."""
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError, RecursionError) as error:
        raise MalformedError("JSON value", "a value with an RFC 8785 form", str(error)[:120]) from error
