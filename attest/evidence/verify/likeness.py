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

from attest.codec.stencil import Stencil
from attest.errors import MalformedError
from attest.statement.predicates.runtime_measurement import Coverage, Measured, RuntimeMeasurement
from attest.statement.receipt import ReceiptHeader

MAX_BYTES: Final = 16 * 1024
"""No stencil is cut from a longer document: an honest measurement has a tenth of that."""

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
class Likeness:
    """A measurement that was read in full, and how to read others like it."""

    __slots__ = ("_said", "_stencil")

    def __init__(self, octets: bytes, said: RuntimeMeasurement) -> None:
        """Take the bytes of a whole statement, and what the full reader made of its predicate."""
        self._said = said
        self._stencil = Stencil(octets, _HOLES)

    @classmethod
    def of(cls, octets: bytes, said: RuntimeMeasurement) -> Self | None:
        """Return the likeness of a measurement, None for a window, or if it would not give back that very one."""
        if len(octets) > MAX_BYTES or said.measured.window is not None:
            return None
        made = cls(octets, said)
        return made if made.read(octets) == said else None

    def read(self, octets: bytes) -> RuntimeMeasurement | None:
        """Read the bytes of a statement that differs in nothing else; None if it does, or a value has not its form."""
        found = self._stencil.read(octets)
        if found is None:
            return None
        like, measured = self._said.receipt, self._said.measured
        coverage = measured.coverage
        try:
            age, finished, started, boot, nonce, previous, real, sequence = found
            if (nonce + previous).translate(None, _HEXADECIMAL):
                return None
            return RuntimeMeasurement(
                receipt=ReceiptHeader(
                    nonce=nonce.decode(),
                    log_origin=like.log_origin,
                    session_id=like.session_id,
                    sequence=_count(sequence),
                    previous=previous.decode(),
                    reference=like.reference,
                    writer=like.writer,
                    isolation=like.isolation,
                    binding=like.binding,
                    real_time=real.decode(),
                    boot_time_milliseconds=_count(boot),
                    boot_id=like.boot_id,
                ),
                measured=Measured(
                    started_at=started.decode(),
                    finished_at=finished.decode(),
                    coverage=Coverage(
                        files=coverage.files,
                        bytes=coverage.bytes,
                        rehashed=coverage.rehashed,
                        cached=coverage.cached,
                        derived=coverage.derived,
                        oldest_hash_age_milliseconds=_count(age),
                        process=coverage.process,
                        sight=coverage.sight,
                    ),
                    runtime=measured.runtime,
                ),
            )
        except (MalformedError, ValueError):
            # No number, or no time (the records ask that themselves): the full reader says what is wrong.
            return None


def _count(digits: bytes) -> int:
    """Read a `Count` in its one form; raise `ValueError` for anything else, and for the few numbers of 16 digits."""
    if not digits.isdigit() or len(digits) > _SAFE_DIGITS or (digits[0] == _ZERO and len(digits) > 1):
        raise ValueError
    return int(digits)
