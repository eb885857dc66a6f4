"""The predicates, one file each and one row here; the type URI is the meaning, so a change of meaning is a new row."""

from __future__ import annotations

from typing import Final

from attest.codec.records import Record
from attest.statement.predicates import (
    caller_drift,
    runtime_event,
    runtime_measurement,
    runtime_reference,
    runtime_revocation,
    runtime_violation,
    tool_denial,
    tool_permit,
)

PREDICATES: Final[dict[str, type[Record]]] = {
    runtime_reference.PREDICATE_TYPE: runtime_reference.RuntimeReference,
    runtime_measurement.PREDICATE_TYPE: runtime_measurement.RuntimeMeasurement,
    runtime_violation.PREDICATE_TYPE: runtime_violation.RuntimeViolation,
    runtime_event.PREDICATE_TYPE: runtime_event.RuntimeEvent,
    runtime_revocation.PREDICATE_TYPE: runtime_revocation.RuntimeRevocation,
    tool_permit.PREDICATE_TYPE: tool_permit.ToolPermit,
    tool_denial.PREDICATE_TYPE: tool_denial.ToolDenial,
    caller_drift.PREDICATE_TYPE: caller_drift.CallerDrift,
}

RECEIPTS: Final[dict[str, type[Record]]] = {
    kind: PREDICATES[kind]
    for kind in (
        runtime_measurement.PREDICATE_TYPE,
        runtime_violation.PREDICATE_TYPE,
        runtime_event.PREDICATE_TYPE,
        tool_permit.PREDICATE_TYPE,
        tool_denial.PREDICATE_TYPE,
        caller_drift.PREDICATE_TYPE,
    )
}
"""The predicates that a writer signs, one log entry each."""


def short_name(predicate_type: str) -> str:
    """Return the name between base and version, `runtime-measurement`: the event type of a log entry."""
    return predicate_type.rsplit("/", 2)[-2]
