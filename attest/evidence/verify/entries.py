"""Entry lines, cut in their parts; and lines like one that was read in full: the same but for what runs differ in.

Most of a line is base64, and most of that repeats in the receipts of a run. So the first is read in full, and a mould
is made of it, with three stencils (`attest.codec.stencil`). One is for its text: the entry is a hole; where the payload
has one there is one, widened to whole groups of four characters, which are three bytes of the payload each; and the
signature is the last. One is for the bytes that these groups and the signature mean: what the payload has between its
holes is compared there, too. And one is for the payload, to put it together from what stands in its holes.

Why both readings accept the same: what is not in a hole was accepted already, character for character, and means the
same bytes again; a payload and a signature are asked for their base64 alone, in its one form, which is asked for here
as well; and an entry is not read by either. Nothing is believed by that: the signature is checked over the very bytes
that come out. A property test compares the two readings.
"""

from __future__ import annotations

import binascii
from collections.abc import Sequence
from typing import Final, Self, final

import msgspec

from attest.codec import strict
from attest.codec.stencil import Stencil
from attest.errors import MalformedError
from attest.evidence.grammar import ENTRY_KIND, ENTRY_PREFIX, MAX_ENTRY_LINE_BYTES, EntryLine, entry_parts
from attest.evidence.verify.likeness import Pieces, holes_of
from attest.signing.dsse import Envelope, Signature
from attest.tlog.entry import read_entry

MAX_BYTES: Final = 32 * 1024
"""No mould is made of a longer line: an honest measurement's has a tenth of that."""

_MAX_KNOWN: Final = 32
"""Lengths that are remembered: those of a few servers, and bounded memory whatever stands in a file."""

_REPEATED: Final = b'"event":"runtime-measurement"'
"""In entries that a mould is made of: whatever else is recorded, a call above all, hardly ever comes again alike."""

_HEAD: Final = b'{"payload":"'
_TAIL: Final = b'"}]}'
_LINE_TAIL: Final = b"}\n"
_GROUP: Final = 3
"""Bytes that are four characters of base64."""


class EntryParts(msgspec.Struct, frozen=True, gc=False):
    """An entry line, cut in two: the entry's bytes, NOT yet read, and the receipt, as bytes and as an envelope.

    An entry with a receipt need not be read: it can only be one sequence of bytes (`chain`).
    """

    entry: bytes
    receipt: bytes
    envelope: Envelope | None = None
    pieces: Pieces | None = None
    """In what the envelope's payload differs from others of its mould."""

    def read(self, where: str) -> EntryLine:
        """Read the entry after all; raise `MalformedError` if it is none."""
        return EntryLine(entry=read_entry(self.entry, where=where), receipt=self.envelope)


@final
class EntryReader:
    """Reads the entry lines of one file; quicker where they are like earlier ones."""

    def __init__(self) -> None:
        """Begin without any earlier one."""
        self._known: dict[int, Mould] = {}
        """By length: while a run goes on, only a number with another count of digits changes it."""

    def read(self, line: bytes, where: str) -> EntryParts:
        """Read an entry line, all but its entry; raise `MalformedError` if it has another form."""
        known = self._known.get(len(line))
        if known is not None and (found := known.read(line)) is not None:
            return found
        parts = _read_in_full(line, where)
        if _REPEATED not in parts.entry:
            return parts
        mould = Mould.of(line, parts)
        if mould is None:
            return parts
        if len(self._known) >= _MAX_KNOWN:
            self._known.clear()
        self._known[len(line)] = mould
        return mould.read(line) or parts


def _read_in_full(line: bytes, where: str) -> EntryParts:
    if len(line) > MAX_ENTRY_LINE_BYTES:
        raise MalformedError(where, f"at most {MAX_ENTRY_LINE_BYTES} bytes", f"{len(line)}")
    try:
        entry, receipt = entry_parts(line)
    except MalformedError as error:
        raise MalformedError(where, error.expected, error.found) from error
    return EntryParts(entry, receipt, strict.read(receipt, Envelope, where=where) if receipt else None)


@final
class Mould:
    """An entry line that was read in full, and how to read others like it."""

    __slots__ = ("_keyid", "_last", "_meant", "_payload", "_payload_type", "_receipt", "_text")

    def __init__(self, line: bytes, entry: bytes, envelope: Envelope, holes: Sequence[tuple[int, int]]) -> None:
        """Make it of a line with one signature; `holes` are those of the payload, none in its last, cut group."""
        payload, signature = envelope.payload, envelope.signatures[0].sig
        groups = _groups(holes)
        meant = b"".join([payload[_GROUP * begin : _GROUP * end] for begin, end in groups])
        whole = meant + signature
        begins, ends = line.index(_HEAD, len(ENTRY_PREFIX) + len(entry)), len(line) - len(_LINE_TAIL)
        base64, signed = begins + len(_HEAD), ends - len(_TAIL)
        text = [(len(ENTRY_PREFIX), len(ENTRY_PREFIX) + len(entry))]
        text += [(base64 + 4 * begin, base64 + 4 * end) for begin, end in groups]
        text.append((signed - len(binascii.b2a_base64(signature, newline=False)), signed))
        self._text = Stencil(line, text)
        self._receipt = slice(begins, ends)
        self._meant = Stencil(whole, [*_moved(holes, groups), (len(meant), len(whole))])
        self._last = (len(whole) - 1) // _GROUP * _GROUP
        self._payload = Stencil(payload, holes)
        self._payload_type = envelope.payload_type
        self._keyid = envelope.signatures[0].keyid

    @classmethod
    def of(cls, line: bytes, parts: EntryParts) -> Self | None:
        """Return the mould of a receipt with one signature, None if it would not give back that very line's parts."""
        envelope = parts.envelope
        if len(line) > MAX_BYTES or envelope is None or len(envelope.signatures) != 1:
            return None
        holes = holes_of(envelope.payload)
        if holes and holes[-1][1] > len(envelope.payload) // _GROUP * _GROUP:
            return None
        made = cls(line, parts.entry, envelope, holes)
        found = made.read(line)
        if found is None or (found.entry, found.receipt, found.envelope) != (parts.entry, parts.receipt, envelope):
            return None
        return made

    def read(self, line: bytes) -> EntryParts | None:
        """Read a line that differs in nothing else; None if it does, or if that is not base64."""
        found = self._text.read(line)
        if found is None:
            return None
        entry, written = found[0], b"".join(found[1:])
        try:
            meant = binascii.a2b_base64(written, strict_mode=True)
        except binascii.Error:
            return None
        # What strict mode leaves open are stray bits, which only the last four characters can hold.
        if binascii.b2a_base64(meant[self._last :], newline=False) != written[-4:]:
            return None
        pieces = self._meant.read(meant)
        if pieces is None or ENTRY_KIND in entry:
            return None
        values = pieces[:-1]
        envelope = Envelope(
            payload=self._payload.fill(values),
            payload_type=self._payload_type,
            signatures=(Signature(keyid=self._keyid, sig=pieces[-1]),),
        )
        return EntryParts(entry, line[self._receipt], envelope, (self, values))


def _groups(holes: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the runs of three-byte groups that the holes of a payload touch."""
    runs: list[tuple[int, int]] = []
    for begin, end in holes:
        first, last = begin // _GROUP, -(-end // _GROUP)
        if runs and first <= runs[-1][1]:
            first = runs.pop()[0]
        runs.append((first, last))
    return runs


def _moved(holes: Sequence[tuple[int, int]], groups: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return where the holes of a payload are once nothing is left of it but these groups."""
    moved, done = [], 0
    for first, last in groups:
        away = _GROUP * first - done
        moved += [
            (begin - away, end - away) for begin, end in holes if _GROUP * first <= begin and end <= _GROUP * last
        ]
        done += _GROUP * (last - first)
    return moved
