"""The predicates, one file each and one row here; the type URI is the meaning, so a change of meaning is a new row."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from typing import Final, cast

from attest.codec.records import Record
from attest.statement.predicate_type import PREDICATE_BASE


class Predicates(Mapping[str, type[Record]]):
    """Records by predicate type; each is imported when it is first asked for, because every start pays for imports."""

    def __init__(self, names: Mapping[str, str]) -> None:
        """Take the names of records by the short names of their types."""
        self._names = {f"{PREDICATE_BASE}/{short}/v0.1": record for short, record in names.items()}

    def __getitem__(self, predicate_type: str) -> type[Record]:
        record, file = self._names[predicate_type], short_name(predicate_type).replace("-", "_")
        return cast("type[Record]", getattr(importlib.import_module(f"{__name__}.{file}"), record))

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def short_name(predicate_type: str) -> str:
    """Return the name between base and version, `runtime-measurement`: the event type of a log entry."""
    return predicate_type.rsplit("/", 2)[-2]


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

PREDICATES: Final = Predicates(_NAMES)

RECEIPTS: Final = Predicates({short: record for short, record in _NAMES.items() if short not in _SEALED})
"""The predicates that a writer signs, one log entry each."""
