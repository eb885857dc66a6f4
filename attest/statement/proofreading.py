"""Statements read back before they are signed: what nobody could read is not to be signed.

Records check their fields when they are read, not when they are made. So each statement is read as strictly as its
reader will; but the measurements of a run differ in few values, and so do the receipts of calls. For one that is
otherwise like one before it is enough to ask for the form of these (`attest.codec.stencil`). Reading it in full takes
longer than to encode it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Final, final

from attest.codec import instant
from attest.codec.stencil import Stencil
from attest.errors import MalformedError
from attest.statement.predicate_type import PREDICATE_BASE
from attest.statement.predicates import RECEIPTS, runtime_measurement
from attest.statement.statement import read_statement

_HOLES: Final = {
    runtime_measurement.PREDICATE_TYPE: re.compile(
        rb'"oldestHashAgeMilliseconds":(?P<number>[0-9]+)'
        rb'|"(?:finishedAt|startedAt)":"(?P<time>[^"]*)"'
        rb'|"receipt":(?P<header>\{[^{}]*\})'
    ),
    # By its name: the record is imported by whoever makes one.
    f"{PREDICATE_BASE}/tool-permit/v0.1": re.compile(
        rb'"(?:ageMilliseconds|bytes|decision|milliseconds|sequence|used)":(?P<number>[0-9]+)'
        rb'|"(?:id|receipt|sha256)":"(?P<digest>[0-9a-f]+)"'
        rb'|"receipt":(?P<header>\{[^{}]*\})'
    ),
}
"""What differs, by type. Inside a JSON string quotation marks are escaped, so that only names of fields match."""

_NUMBER: Final = rb"(?:0|[1-9][0-9]{0,14}),"
"""As JSON writes it, and a comma; every number of so many digits is below 2**53."""
_DIGESTS: Final = re.compile(rb"[0-9a-f]*")
"""Several in a row, each of the length that its field had: the parts around it are where they were."""

_MAX_MOULDS: Final = 64
"""Of each length of a statement one; numbers of other lengths make others."""


def _is_time(octets: bytes) -> bool:
    try:
        instant.parse(octets.decode())
    except (MalformedError, ValueError):
        return False
    return True


def _picker(places: Sequence[int]) -> Callable[[tuple[bytes, ...]], tuple[bytes, ...]]:
    """Return what picks the pieces at some places."""
    if len(places) > 1:
        return itemgetter(*places)
    return lambda pieces: tuple(pieces[place] for place in places)


@final
class _Mould:
    """A statement that was read in full, and what has to be asked of another one that differs in its holes alone.

    The pieces of one kind are asked for together. Of headers nothing is: that is for whoever makes them.
    """

    __slots__ = ("_digests", "_numbers", "_numbers_fit", "_stencil", "_times")

    def __init__(self, payload: bytes, holes: re.Pattern[bytes]) -> None:
        found = [(match.lastgroup or "", match.span(match.lastindex or 0)) for match in holes.finditer(payload)]
        places = {kind: [place for place, (each, _) in enumerate(found) if each == kind] for kind in holes.groupindex}
        self._digests, self._numbers, self._times = (
            _picker(places.get(kind, ())) for kind in ("digest", "number", "time")
        )
        # So many commas and no more: a piece that brings one of its own is no number.
        self._numbers_fit = re.compile(b"(?:%b){%d}" % (_NUMBER, len(places.get("number", ())))).fullmatch
        self._stencil = Stencil(payload, [span for _, span in found])

    def takes(self, payload: bytes) -> bool:
        """Return whether the strict reader would take a payload as it took the first; False only means: ask it."""
        found = self._stencil.read(payload)
        return (
            found is not None
            and _DIGESTS.fullmatch(b"".join(self._digests(found))) is not None
            and self._numbers_fit(b",".join((*self._numbers(found), b""))) is not None
            and all(map(_is_time, self._times(found)))
        )


@final
class Proofreader:
    """Reads the statements of one writer of receipts."""

    __slots__ = ("_moulds",)

    def __init__(self) -> None:
        """Begin without having read anything."""
        self._moulds: dict[tuple[str, int], _Mould] = {}

    def read(self, predicate_type: str, payload: bytes) -> None:
        """Raise `MalformedError` if `payload`, in RFC 8785 form, is no statement of this type of receipt.

        Does not check the header of one that is like one before: that is for whoever makes headers.
        """
        holes = _HOLES.get(predicate_type)
        like = (predicate_type, len(payload))
        mould = None if holes is None else self._moulds.get(like)
        if mould is not None and mould.takes(payload):
            return
        read_statement(payload, predicate_type, RECEIPTS[predicate_type], where="draft")
        if holes is not None:
            if len(self._moulds) >= _MAX_MOULDS:
                self._moulds.clear()
            self._moulds[like] = _Mould(payload, holes)
