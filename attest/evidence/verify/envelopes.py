"""Envelopes like one that was read in full: the same text but for the signature, and for what differs in a payload.

Most of an envelope is base64, and most of that repeats in the receipts of a run. So the first is read in full, and a
stencil is cut from its text (`attest.codec.stencil`): where its payload has a hole there is one here, widened to whole
groups of four characters, which are three bytes of the payload each; one more is for the signature.

Why both readings accept the same: what is not in a hole was accepted already, character for character, and means the
same bytes again; a payload and a signature are asked for their base64 alone, in its one form, which is asked for here
as well. Nothing is believed by that: the signature is checked over the very bytes that come out. A property test
compares the two readings.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterable
from struct import Struct
from typing import Final, Self, final

from attest.codec import strict
from attest.codec.stencil import Stencil
from attest.evidence.verify.likeness import holes_of
from attest.signing.dsse import Envelope, Signature

MAX_BYTES: Final = 32 * 1024
"""No stencil is cut from a longer envelope: an honest measurement has a tenth of that."""

_MAX_KNOWN: Final = 32
"""Lengths that are remembered: those of a few servers, and bounded memory whatever stands in a file."""

_HEAD: Final = b'{"payload":"'
_TAIL: Final = b'"}]}'


@final
class EnvelopeReader:
    """Reads the envelopes of one file; as `read_envelope`, but quicker where they are like earlier ones."""

    def __init__(self) -> None:
        """Begin without any earlier one."""
        self._known: dict[int, _Likeness] = {}

    def read(self, octets: bytes, where: str) -> Envelope:
        """Read an envelope of ours in its RFC 8785 form; raise `MalformedError` for anything else."""
        known = self._known.get(len(octets))
        if known is not None and (found := known.read(octets)) is not None:
            return found
        envelope = strict.read(octets, Envelope, where=where)
        likeness = _Likeness.of(octets, envelope)
        if likeness is not None:
            if len(self._known) >= _MAX_KNOWN:
                self._known.clear()
            self._known[len(octets)] = likeness
        return envelope


@final
class _Likeness:
    """An envelope that was read in full, and how to read others like it."""

    __slots__ = ("_changing", "_kept", "_keyid", "_payload_type", "_stencil", "_unpack")

    def __init__(self, octets: bytes, envelope: Envelope, groups: Iterable[tuple[int, int]]) -> None:
        """Cut one hole for each run of `groups` (of three bytes of the payload), and one for the signature."""
        payload = envelope.payload
        kept, changing, spans, done = [], [], [], 0
        for begin, end in groups:
            kept.append(payload[done : 3 * begin])
            changing.append(3 * (end - begin))
            spans.append((len(_HEAD) + 4 * begin, len(_HEAD) + 4 * end))
            done = 3 * end
        self._kept = (*kept, payload[done:])
        self._changing = sum(changing)
        self._unpack = Struct("".join(f"{length}s" for length in changing)).unpack
        text = len(binascii.b2a_base64(envelope.signatures[0].sig, newline=False))
        self._stencil = Stencil(octets, [*spans, (len(octets) - len(_TAIL) - text, len(octets) - len(_TAIL))])
        self._payload_type = envelope.payload_type
        self._keyid = envelope.signatures[0].keyid

    @classmethod
    def of(cls, octets: bytes, envelope: Envelope) -> Self | None:
        """Return the likeness of an envelope with one signature, None if it would not give back that very one."""
        if len(octets) > MAX_BYTES or len(envelope.signatures) != 1 or not octets.startswith(_HEAD):
            return None
        made = cls(octets, envelope, _groups(envelope.payload))
        return made if made.read(octets) == envelope else None

    def read(self, octets: bytes) -> Envelope | None:
        """Read an envelope that differs in nothing else; None if it does, or if that is not base64."""
        found = self._stencil.read(octets)
        if found is None:
            return None
        written = found[-1]
        try:
            changed = binascii.a2b_base64(b"".join(found[:-1]), strict_mode=True)
            signature = binascii.a2b_base64(written, strict_mode=True)
        except binascii.Error:
            return None
        # Four characters of the alphabet are three bytes and back again; padding would make them fewer.
        if len(changed) != self._changing or binascii.b2a_base64(signature, newline=False) != written:
            return None
        parts = [b""] * (2 * len(self._kept) - 1)
        parts[::2] = self._kept
        parts[1::2] = self._unpack(changed)
        return Envelope(
            payload=b"".join(parts),
            payload_type=self._payload_type,
            signatures=(Signature(keyid=self._keyid, sig=signature),),
        )


def _groups(payload: bytes) -> list[tuple[int, int]]:
    """Return the runs of three-byte groups that the holes of a payload touch; the last one, if padded, is in none."""
    runs: list[tuple[int, int]] = []
    whole = len(payload) // 3
    for begin, end in holes_of(payload):
        first, last = begin // 3, min(-(-end // 3), whole)
        if runs and first <= runs[-1][1]:
            first = runs.pop()[0]
        if first < last:
            runs.append((first, last))
    return runs
