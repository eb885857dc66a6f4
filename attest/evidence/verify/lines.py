"""A bundle's lines one after the other: typed, canonical, in the order of the grammar, counted and hashed."""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from attest.codec import strict
from attest.codec.records import Record
from attest.errors import MalformedError
from attest.evidence.grammar import (
    ENTRY_PREFIX,
    FOLLOWERS,
    KIND_OF,
    BundleEnd,
    BundleLine,
    EntryLine,
    line_limit,
)
from attest.evidence.verify.entries import EntryParts, EntryReader

_ANY: Final[type[Record]] = BundleLine  # type: ignore[assignment]  # a tagged union: msgspec reads the tag


class Line(msgspec.Struct, frozen=True, gc=False):
    """One line of a bundle: how messages name it, its bytes with the line feed, and what it says.

    A struct, and no dataclass: there are as many as lines, and a frozen dataclass takes longer to make than to judge.
    Nothing that a line leads to leads back to it, so that nobody needs to look for garbage among so many (`gc`).
    """

    where: str
    octets: bytes
    record: Record | EntryParts


class Lines:
    """The lines of a bundle, to be iterated once; `closing` is what the last line has to say, once it was read.

    All are read but entries, which come out as `EntryParts`.

    Iterating raises `MalformedError` for a line that is not in RFC 8785 form, of no known kind, too long, or where
    the grammar allows none of its kind. That there is an `end` line, and what it says, is the caller's to check.
    """

    def __init__(self, lines: Iterable[bytes]) -> None:
        """Read from `lines`, each with its line feed."""
        self._lines = lines
        self._hash = hashlib.sha256()
        self._entries = EntryReader()
        self.closing: BundleEnd | None = None

    def __iter__(self) -> Iterator[Line]:
        before: type[Record] | None = None
        kind: type[Record]
        followers = FOLLOWERS[before]
        read, update = self._entries.read, self._hash.update
        for count, octets in enumerate(self._lines):
            where = f"line {count + 1}"
            record: Record | EntryParts
            if octets.startswith(ENTRY_PREFIX):
                kind, record = EntryLine, read(octets, where)
            else:
                record = _read(octets, where)
                kind = type(record)
            if kind not in followers:
                raise MalformedError(where, _names(followers), KIND_OF[kind])
            if kind is not before:
                before, followers = kind, FOLLOWERS[kind]
                if kind is BundleEnd:
                    self.closing = BundleEnd(lines=count, sha256=self._hash.hexdigest())
            yield Line(where, octets, record)
            update(octets)


def _read(octets: bytes, where: str) -> Record:
    if not octets.endswith(b"\n"):
        raise MalformedError(where, "a line that ends in a line feed", "none")
    if octets.endswith(b"\r\n"):
        raise MalformedError(where, "a line that ends in a line feed alone", "a carriage return before it")
    return strict.read(octets[:-1], _ANY, where=where, max_bytes=line_limit(octets))


def _names(kinds: frozenset[type[Record]]) -> str:
    if not kinds:
        return "nothing after the last line"
    return f"a line {' or '.join(sorted(KIND_OF[kind] for kind in kinds))}"
