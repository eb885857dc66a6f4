"""runtime-event v0.1: what happened besides measurements. Signed by a writer; its subject is the event's digest."""

from enum import StrEnum
from typing import Annotated, Final

import msgspec

from attest.codec.records import Count, Id128, Line, Record, Sha256Hex
from attest.statement.predicate_type import PREDICATE_BASE
from attest.statement.predicates.runtime_reference import Action
from attest.statement.receipt import ReceiptHeader

PREDICATE_TYPE: Final = f"{PREDICATE_BASE}/runtime-event/v0.1"


class EventKind(StrEnum):
    """What happened."""

    START = "start"
    """A run begins; binds the log's origin, the references, the nonce and the context."""
    STOP = "stop"
    """The run ended as intended."""
    RESUME = "resume"
    """A run goes on after a crash; says what the recovery found."""
    ACTION_INTENDED = "action-intended"
    ACTION_TAKEN = "action-taken"


class ContextValue(Record, kw_only=True):
    """A name and value that the starter wanted recorded: a commit, a CI run."""

    name: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]{0,127}$(?!\n)")]
    value: Line


class Event(Record, kw_only=True):
    """One event; the fields beside `kind` belong to some kinds only."""

    kind: EventKind
    references: tuple[Sha256Hex, ...] = ()
    """start: the references of this run."""
    verifier_nonce: Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{2}){8,64}$(?!\n)")] | None = None
    """start: the nonce a verifier asked for, 8 to 64 bytes in hexadecimal."""
    context: tuple[ContextValue, ...] = ()
    """start: sorted by name."""
    run: Id128 | None = None
    """start, resume, stop: the id of the run."""
    entries_found: Count | None = None
    """resume: how many entries the log held when the run went on."""
    action: Action | None = None
    """action-intended, action-taken."""
    caused_by: Count | None = None
    """action-intended, action-taken: the sequence number of the violation."""
    outcome: Line | None = None
    """action-taken: what came of it; stop: why."""
    pid: Count | None = None


class RuntimeEvent(Record, kw_only=True):
    """An event and where it stands."""

    receipt: ReceiptHeader
    event: Event
