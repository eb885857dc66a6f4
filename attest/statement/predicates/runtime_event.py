"""runtime-event v0.1: what happened besides measurements. Signed by a writer; its subject is the event's digest."""

from enum import StrEnum
from typing import Annotated, Final

import msgspec

from attest.codec.records import MAX_SAFE_INTEGER, Count, Id128, Line, Record, Sha256Hex
from attest.statement.enforcing import Action, Captured, Result
from attest.statement.predicate_type import PREDICATE_BASE
from attest.statement.predicates.runtime_measurement import MeasuredProcess
from attest.statement.receipt import ReceiptHeader
from attest.statement.states import State

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
    PROCESS = "process"
    """A process was started or taken under watch."""
    TRANSITION = "transition"
    """The state of a server changed."""
    SAFE_STATE = "safe-state"
    """From here on every call is to be denied, until a sealer attests anew; says why."""
    EVIDENCE = "evidence"
    """What was kept of a process between freezing and ending it."""
    CLOCK_STEP = "clock-step"
    """Real time was set, against the time since boot."""
    RELOAD = "reload"
    """The run goes on with other references."""


class ContextValue(Record, kw_only=True):
    """A name and value that the starter wanted recorded: a commit, a CI run."""

    name: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]{0,127}$(?!\n)")]
    value: Line


class NamedDigest(Record, kw_only=True):
    """A variable of the environment, its value as a salted digest: whoever has the salt can compare it."""

    name: Line
    digest: Sha256Hex


class ProcessStart(Record, kw_only=True):
    """A process as it was when it came under watch."""

    process: MeasuredProcess
    working_directory: Line
    environment: Annotated[tuple[NamedDigest, ...], msgspec.Meta(max_length=4096)]
    """Sorted by name. Empty also if it could not be read."""
    kept_apart: Annotated[tuple[Line, ...], msgspec.Meta(max_length=64)]
    """By what the server was kept from us: `uid 65534`, `landlock 6`, `no-new-privileges`, ..."""


class Event(Record, kw_only=True):
    """One event; the fields beside `kind` belong to some kinds only."""

    kind: EventKind
    references: tuple[Sha256Hex, ...] = ()
    """start, reload: the references of this run."""
    verifier_nonce: Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{2}){8,64}$(?!\n)")] | None = None
    """start: the nonce a verifier asked for, 8 to 64 bytes in hexadecimal."""
    context: tuple[ContextValue, ...] = ()
    """start: sorted by name."""
    key_attestation: Sha256Hex | None = None
    """start, resume: the SHA-256 of the exact bytes that certify the key of this receipt, if a job made it."""
    run: Id128 | None = None
    """start, resume, stop: the id of the run."""
    entries_found: Count | None = None
    """resume: how many entries the log held when the run went on."""
    unsigned_cycles: Count | None = None
    """resume: how many clean cycles had been measured and had no receipt yet, as far as is known; they are lost."""
    action: Action | None = None
    """action-intended, action-taken; safe-state: the one that it stands for, if drift led to it."""
    caused_by: Count | None = None
    """action-intended, action-taken, evidence, safe-state: the sequence number of the violation."""
    result: Result | None = None
    """action-taken: what came of it, in one word."""
    outcome: Line | None = None
    """action-taken: what came of it; stop, safe-state: why; evidence: what was left out."""
    pid: Count | None = None
    process: ProcessStart | None = None
    """process."""
    before: State | None = None
    """transition: the state until then."""
    after: State | None = None
    """transition."""
    captured: Annotated[tuple[Captured, ...], msgspec.Meta(max_length=4096)] = ()
    """evidence: what was kept, beside the log."""
    step_milliseconds: Annotated[int, msgspec.Meta(ge=-MAX_SAFE_INTEGER, le=MAX_SAFE_INTEGER)] | None = None
    """clock-step: by how much real time went forward more than the time since boot; negative if it was set back."""


class RuntimeEvent(Record, kw_only=True):
    """An event and where it stands."""

    receipt: ReceiptHeader
    event: Event
