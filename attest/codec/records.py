"""The one form that every document of ours has: a frozen record with the field types used in all of them.

The record is the only source: the JSON Schema, the strict reader and the specification tables come from it.

Modules that define records or named tuples do not postpone annotations (`from __future__ import annotations`): each of
them would have to be compiled from its text, at every start of the program.
"""

from __future__ import annotations

from typing import Annotated, dataclass_transform

import msgspec

MAX_SAFE_INTEGER = 2**53 - 1
"""Largest integer that RFC 8785 (through ECMAScript) writes exactly."""


@dataclass_transform(frozen_default=True, field_specifiers=(msgspec.field,))
class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, rename="camel"):
    """A frozen record on the wire, its fields in lowerCamelCase, unknown ones refused.

    Each subclass repeats `kw_only=True`, which msgspec does not hand down.

    A field whose default is None may be absent and is then never written; every other field is required.
    """


# Patterns end in `$(?!\n)`: in Python `$` alone also matches before a last line feed, in JSON Schema it does not.

Sha256Hex = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]
"""A SHA-256 digest, 64 lower-case hexadecimal digits."""

Sha384Hex = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{96}$(?!\n)")]
Sha512Hex = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{128}$(?!\n)")]

Id128 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}$(?!\n)")]
"""128 random bits, 32 lower-case hexadecimal digits."""

Count = Annotated[int, msgspec.Meta(ge=0, le=MAX_SAFE_INTEGER)]
"""A number of things, or of the unit that the field's name ends in."""

Base64Text = Annotated[str, msgspec.Meta(extra_json_schema={"contentEncoding": "base64"})]
"""Standard base64 with padding; `attest.codec.octets.from_base64` checks that it is the canonical form."""

Line = Annotated[str, msgspec.Meta(min_length=1, max_length=4096, pattern=r"^[^\x00-\x1f\x7f]+$(?!\n)")]
"""One line of text without the control characters of ASCII, at most 4096 characters.

Others that drive a terminal or turn a line around may be in it: whoever prints it spells them out
(`attest.codec.printable`).
"""

Path = Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]
"""A relative, normalised path with `/`; `attest.codec.paths.check_relative` says what that means."""

Timestamp = Annotated[
    str, msgspec.Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$(?!\n)")
]
"""An instant in UTC with milliseconds, `2026-11-22T12:00:00.000Z`; `attest.codec.instant` checks the calendar."""
