"""Strict TOML in: bounded, in UTF-8, and whatever the parser complains of as one of our errors."""

from __future__ import annotations

from typing import Any

from attest.codec.printable import printable
from attest.errors import MalformedError

_COMPLAINT_CHARACTERS = 160


def parse_toml(octets: bytes, *, where: str, max_bytes: int) -> dict[str, Any]:
    """Return what a TOML document says; raise `MalformedError` for anything that is none.

    The parser refuses keys and tables that are given twice. Which values stand in it is the caller's to check.
    """
    import tomllib  # most of what is read is JSON

    if len(octets) > max_bytes:
        raise MalformedError(where, f"at most {max_bytes} bytes", f"{len(octets)}")
    try:
        return tomllib.loads(octets.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        # Not only TOMLDecodeError: of an integer of 5000 digits and of a date that no calendar has, Python complains.
        found = printable(str(error), limit=_COMPLAINT_CHARACTERS)
        raise MalformedError(where, "TOML in UTF-8", found) from error
