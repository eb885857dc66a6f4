"""Strict TOML in: bounded, in UTF-8, and whatever the parser complains of as one of our errors."""

from __future__ import annotations

import re
from typing import Any, Final

from attest.codec.printable import printable
from attest.errors import MalformedError

MAX_KEY_PARTS: Final = 32
"""Of a dotted key, `a.b.c`. What Python's parser does for one grows with the square of its parts: 39 s for 64 KB."""

_COMPLAINT_CHARACTERS: Final = 160
_PART: Final = r"""(?:[A-Za-z0-9_-]++|"[^"\n]*+"|'[^'\n]*+')"""
_LONG_KEY: Final = rf"""(?<![\w."'-]){_PART}(?:[ \t]*+\.[ \t]*+{_PART}){{{MAX_KEY_PARTS},}}+"""
"""Also where it stands in a text: there, nobody needs so many."""


def parse_toml(octets: bytes, *, where: str, max_bytes: int) -> dict[str, Any]:
    """Return what a TOML document says; raise `MalformedError` for anything that is none.

    The parser refuses keys and tables that are given twice. Which values stand in it is the caller's to check.
    """
    import tomllib  # most of what is read is JSON

    if len(octets) > max_bytes:
        raise MalformedError(where, f"at most {max_bytes} bytes", f"{len(octets)}")
    try:
        text = octets.decode("utf-8")
        if re.search(_LONG_KEY, text):
            raise MalformedError(where, f"keys of at most {MAX_KEY_PARTS} parts", "a longer one")
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        # Not only TOMLDecodeError: of an integer of 5000 digits and of a date that no calendar has, Python complains.
        found = printable(str(error), limit=_COMPLAINT_CHARACTERS)
        raise MalformedError(where, "TOML in UTF-8", found) from error
