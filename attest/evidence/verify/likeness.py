"""Measurements like one that was read in full: the same in everything but a nonce, a place, times and an age.

The receipts of a run differ in eight values, and to read all the rest anew takes longer than to judge it. So the first
is read in full, and a stencil is cut from it (`attest.codec.stencil`), with a hole for each of the eight.

Why both readings accept the same: whatever is not in a hole was accepted already, byte for byte; the records ask each
of the eight only for its own form, never two fields together; and that form is asked for here as well. Such a form can
be written in one way only, so that what fits is in RFC 8785 form, too. A property test compares the two readings.
"""

from __future__ import annotations

import re
from typing import Final, Self, final

from attest.codec import instant
from attest.codec.stencil import Stencil, spans_of
from attest.errors import MalformedError
from attest.evidence.verify.told import Cycle, Told, read_told
from attest.signing.dsse import Envelope
from attest.signing.keyring import Verified, VerifyingKey
from attest.statement.predicates import runtime_measurement, short_name
from attest.statement.statement import check_payload_type

MAX_BYTES: Final = 16 * 1024
"""No stencil is cut from a longer document: an honest measurement has a tenth of that."""

_MEASUREMENT: Final = short_name(runtime_measurement.PREDICATE_TYPE)

_MAX_KNOWN: Final = 32
"""Lengths that are remembered: those of a few servers, and bounded memory whatever stands in a file."""

_HOLES: Final = re.compile(
    rb'"(?:finishedAt|startedAt|nonce|previous|realTime)":"([^"]*)"'
    rb'|"(?:oldestHashAgeMilliseconds|bootTimeMilliseconds|sequence)":([0-9]+)'
)
"""Inside a JSON string quotation marks are escaped, so that only names of fields match."""

_HEXADECIMAL: Final = b"0123456789abcdef"
_ZERO: Final = ord("0")
_SAFE_DIGITS: Final = 15
"""Every number of so many digits is below 2**53."""


@final
class ReceiptReader:
    """Reads the receipts of one log; as `read_told`, but quicker where they are like earlier ones."""

    def __init__(self) -> None:
        """Begin without any earlier one."""
        self._known: dict[int, Likeness] = {}
        """By length: while a run goes on, only a number with another count of digits changes it."""

    def read(self, envelope: Envelope, payload: Verified[bytes], event: str, where: str) -> Told:
        """Read a receipt; see `read_told`."""
        octets = payload.value
        known = self._known.get(len(octets)) if event == _MEASUREMENT else None
        if known is not None and (like := known.read(octets, payload.signers, where)) is not None:
            check_payload_type(envelope, where=where)
            return like
        told = read_told(envelope, payload, event, where)
        if told.lasting.is_measurement and (likeness := Likeness.of(octets, told)) is not None:
            if len(self._known) >= _MAX_KNOWN:
                self._known.clear()
            self._known[len(octets)] = likeness
        return told


@final
class Likeness:
    """A measurement that was read in full, and how to read others like it."""

    __slots__ = ("_lasting", "_stencil")

    def __init__(self, octets: bytes, told: Told) -> None:
        """Take the bytes of a whole statement, and what the full reader made of it."""
        self._lasting = told.lasting
        self._stencil = Stencil(octets, holes_of(octets))

    @classmethod
    def of(cls, octets: bytes, told: Told) -> Self | None:
        """Return the likeness of a measurement, None for a window, or if it would not give back that very one."""
        if len(octets) > MAX_BYTES or told.lasting.window is not None:
            return None
        made = cls(octets, told)
        return made if made.read(octets, told.signers, told.where) == told else None

    def read(self, octets: bytes, signers: tuple[VerifyingKey, ...], where: str) -> Told | None:
        """Read the bytes of a statement that differs in nothing else; None if it does, or a value has not its form."""
        found = self._stencil.read(octets)
        if found is None:
            return None
        try:
            age, finished, started, boot, nonce, previous, real, sequence = found
            if (nonce + previous).translate(None, _HEXADECIMAL):
                return None
            _count(age)
            real_time = real.decode()
            return Told(
                where=where,
                signers=signers,
                lasting=self._lasting,
                sequence=_count(sequence),
                previous=previous.decode(),
                real_time=real_time,
                time=instant.parse(real_time),
                boot_time=_count(boot),
                cycle=Cycle(instant.parse(started.decode()), instant.parse(finished.decode())),
            )
        except (MalformedError, ValueError):
            # No number, or no time: the full reader says what is wrong.
            return None


def holes_of(octets: bytes) -> list[tuple[int, int]]:
    """Return where the values stand in which the measurements of a run differ, if `octets` is one."""
    return spans_of(octets, _HOLES)


def _count(digits: bytes) -> int:
    """Read a `Count` in its one form; raise `ValueError` for anything else, and for the few numbers of 16 digits."""
    if not digits.isdigit() or len(digits) > _SAFE_DIGITS or (digits[0] == _ZERO and len(digits) > 1):
        raise ValueError
    return int(digits)
