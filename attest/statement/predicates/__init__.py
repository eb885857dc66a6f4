"""The predicates, one file each and one row here; the type URI is the meaning, so a change of meaning is a new row."""

from __future__ import annotations

from typing import Final

from attest.codec.records import Record
from attest.rows import Rows
from attest.statement.predicate_type import PREDICATE_BASE

_NAMES: Final = {
    "runtime-reference": "RuntimeReference",
    "runtime-measurement": "RuntimeMeasurement",
    "runtime-violation": "RuntimeViolation",
    "runtime-event": "RuntimeEvent",
    "runtime-revocation": "RuntimeRevocation",
    "tool-permit": "ToolPermit",
    "tool-denial": "ToolDenial",
    "caller-drift": "CallerDrift",
}
_SEALED: Final = {"runtime-reference", "runtime-revocation"}

_PLACES: Final = {
    f"{PREDICATE_BASE}/{short}/v0.1": (f"{__name__}.{short.replace('-', '_')}", record)
    for short, record in _NAMES.items()
}


def short_name(predicate_type: str) -> str:
    """Return the name between base and version, `runtime-measurement`: the event type of a log entry."""
    return predicate_type.rsplit("/", 2)[-2]


PREDICATES: Final[Rows[type[Record]]] = Rows(_PLACES)

RECEIPTS: Final[Rows[type[Record]]] = Rows(
    {kind: place for kind, place in _PLACES.items() if short_name(kind) not in _SEALED}
)
"""The predicates that a writer signs, one log entry each."""
