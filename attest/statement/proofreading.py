"""Statements read back before they are signed: what nobody could read is not to be signed.

Records check their fields when they are read, not when they are made. So each statement is read as strictly as its
reader will; but the measurements of a run differ in few values, and for one that is otherwise like the last it is
enough to ask for the form of these (`attest.codec.stencil`). Reading it in full takes longer than to encode it.
"""

from __future__ import annotations

import re
from typing import Final, final

from attest.codec import instant
from attest.codec.stencil import Stencil, spans_of
from attest.errors import MalformedError
from attest.statement.predicates import RECEIPTS, runtime_measurement
from attest.statement.statement import read_statement

_HOLES: Final = re.compile(
    rb'"oldestHashAgeMilliseconds":([0-9]+)|"(?:finishedAt|startedAt)":"([^"]*)"|"receipt":(\{[^{}]*\})'
)
"""Inside a JSON string quotation marks are escaped, so that only names of fields match."""

_SAFE_DIGITS: Final = 15
"""Every number of so many digits is below 2**53."""


@final
class Proofreader:
    """Reads the statements of one writer of receipts."""

    __slots__ = ("_stencil",)

    def __init__(self) -> None:
        """Begin without having read anything."""
        self._stencil: Stencil | None = None

    def read(self, predicate_type: str, payload: bytes) -> None:
        """Raise `MalformedError` if `payload`, in RFC 8785 form, is no statement of this type of receipt.

        Does not check the header of a measurement that is like the last one: that is for whoever makes headers.
        """
        measurement = predicate_type == runtime_measurement.PREDICATE_TYPE
        if measurement and self._stencil is not None and _fits(payload, self._stencil):
            return
        read_statement(payload, predicate_type, RECEIPTS[predicate_type], where="draft")
        if measurement:
            self._stencil = Stencil(payload, spans_of(payload, _HOLES))


def _fits(payload: bytes, stencil: Stencil) -> bool:
    found = stencil.read(payload)
    if found is None:
        return False
    try:
        age, finished, started, _header = found
        instant.parse(finished.decode())
        instant.parse(started.decode())
    except (MalformedError, ValueError):
        # No time, or another number of holes: the full reader says what is wrong, if anything is.
        return False
    return age.isdigit() and len(age) <= _SAFE_DIGITS
