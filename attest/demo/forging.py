"""Forgeries for the demo: copies of honest evidence with something done to them, each made as well as one can.

Whoever forges also writes a new last line, so that what gives a forgery away is the evidence and not its wrapping.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final

from attest.codec import canonical, strict


def without_a_receipt(lines: list[bytes]) -> list[bytes]:
    """Leave out one entry with its receipt, from the middle."""
    entries = _entries(lines)
    removed = entries[len(entries) // 2]
    return _wrapped([line for at, line in enumerate(lines) if at != removed])


def with_a_byte_changed(lines: list[bytes]) -> list[bytes]:
    """Change one byte inside a signed receipt, so that it is still well-formed."""
    entries = _entries(lines)
    at = entries[len(entries) // 2]
    line = lines[at]
    start = line.index(b'"payload":"') + len(b'"payload":"') + 40
    letter = b"A" if line[start : start + 1] != b"A" else b"B"
    return _wrapped([*lines[:at], line[:start] + letter + line[start + 1 :], *lines[at + 1 :]])


def with_the_tail_cut(lines: list[bytes]) -> list[bytes]:
    """Leave out the last entries, as one would to hide what happened at the end."""
    hidden = _entries(lines)[-2:]
    return _wrapped([line for at, line in enumerate(lines) if at not in hidden])


FORGERIES: Final[dict[str, Callable[[list[bytes]], list[bytes]]]] = {
    "a receipt removed": without_a_receipt,
    "a byte changed": with_a_byte_changed,
    "the tail cut off": with_the_tail_cut,
}


def _entries(lines: list[bytes]) -> list[int]:
    return [at for at, line in enumerate(lines) if b'"kind":"entry"' in line]


def _wrapped(lines: list[bytes]) -> list[bytes]:
    """Write the last line anew: the count and the digest of what stands before it."""
    body = lines[:-1]
    end = strict.parse(lines[-1].removesuffix(b"\n"), where="end line")
    end["lines"] = len(body)
    end["sha256"] = hashlib.sha256(b"".join(body)).hexdigest()
    return [*body, canonical.encode_value(end) + b"\n"]
