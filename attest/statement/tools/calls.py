"""What receipts say of one request: who asked for what, by commitments instead of values, and what that relied on."""

from enum import StrEnum
from typing import Annotated

import msgspec

from attest.codec.records import MAX_SAFE_INTEGER, Count, Id128, Line, Record, Sha256Hex
from attest.errors import MalformedError
from attest.statement.tools.definitions import ToolName
from attest.statement.tools.limits import Counter
from attest.statement.tools.principals import PrincipalName

Rule = Annotated[str, msgspec.Meta(min_length=1, max_length=320, pattern=r"^[^\x00-\x1f\x7f]+$(?!\n)")]
"""The rule that decided: a row of `attest.appraisal.calls`, with `:` and the id of the sealed rule where it has one."""


class Commitment(Record, kw_only=True):
    """Exact bytes, hidden: SHA-256(domain, fresh 128-bit salt, bytes); the salt lies in the disclosure store alone.

    See `attest.statement.tools.committing` for the order of bytes.
    """

    sha256: Sha256Hex
    bytes: Count
    """How many bytes; a size gives away a little, and limits are about it."""


class Call(Record, kw_only=True):
    """A request that rules are about: `tools/call`, `resources/read`, `prompts/get`, ..."""

    id: Id128
    """Random. One logical call: what answers a request for input (2026-07-28) has the id of the call it belongs to."""
    round: Count = 0
    """How many requests for input were answered before this request."""
    method: Line | None = None
    """Absent where it could not be read, or is not one line."""
    tool: ToolName | None = None
    """The tool or prompt, by the name that the caller gave; absent where there is none, as for a resource, or where
    what stands there is no name."""
    arguments: Commitment | None = None
    """To the exact bytes of `params`, or of the message where that could not be read; absent where there are none,
    or where they were too many to be kept."""
    principal: PrincipalName | None = None
    """Absent: nobody that the reference names."""
    authenticated: Line | None = None
    """By what the principal was known: `local uid 1000`, `jkt ...`, `spki ...`. Never a token."""


class Relied(Record, kw_only=True):
    """The measurement that a decision relied on: the newest MATCH of the server, begun after it was started."""

    log_origin: Line
    sequence: Count
    receipt: Sha256Hex
    """The SHA-256 of its envelope, which its entry commits to."""
    age_milliseconds: Count
    """Since its first read."""


class Permit(Record, kw_only=True):
    """A request may be forwarded."""

    rule: Rule
    counters: Annotated[tuple[Counter, ...], msgspec.Meta(max_length=512)] = ()
    relied: Relied | None = None
    """Absent only in audit-only mode, where nothing had matched."""
    definitions: Sha256Hex | None = None
    """The digest of the set of definitions that the server was last seen to have; absent before it listed them."""
    upstream: Line
    """To whom: `pid 4711 start 123456`, or the address and the public key's digest."""


class OutcomeStatus(StrEnum):
    """What came of a permitted request."""

    RESULT = "result"
    ERROR = "error"
    """A result that says `isError`, or an error response."""
    INPUT_REQUIRED = "input-required"
    """It asks for input, as the rules allow (2026-07-28)."""
    CANCELLED = "cancelled"
    """By the caller, before there was an answer."""
    LOST = "lost"
    """The upstream ended, or its connection did, before there was an answer."""


class Outcome(Record, kw_only=True):
    """What came of a permitted request, recorded after it."""

    decision: Count
    """The sequence number of the permit."""
    status: OutcomeStatus
    result: Commitment | None = None
    """To the exact bytes of the message that answered; absent where there was none."""
    milliseconds: Count
    """From forwarding to answer."""

    def __post_init__(self) -> None:
        """Refuse an answer without bytes, and bytes of none."""
        none = self.status in {OutcomeStatus.CANCELLED, OutcomeStatus.LOST}
        if none != (self.result is None):
            raise MalformedError(f"outcome {self.status}", "no result" if none else "a result", "the contrary")


class DenialStage(StrEnum):
    """When a rule refused."""

    REQUEST = "request"
    """Before a byte was forwarded."""
    RESULT = "result"
    """The answer was withheld from the caller."""
    SERVER_REQUEST = "server-request"
    """The server asked the client for something; the client did not see it."""


class Denial(Record, kw_only=True):
    """What was refused and why; the digest of its RFC 8785 form is the subject of the receipt."""

    call: Call
    stage: DenialStage
    rule: Rule
    reason: Line
    """For a person; without anything of the arguments."""
    where: Line | None = None
    """The place in the arguments, a JSON pointer."""
    counter: Counter | None = None
    decision: Count | None = None
    """stage result: the sequence number of the permit."""
    result: Commitment | None = None
    """stage result: to the answer that was withheld."""
    enforced: bool
    """False in audit-only mode: it was forwarded nevertheless."""
    repeated: Annotated[int, msgspec.Meta(ge=1, le=MAX_SAFE_INTEGER)] = 1
    """How many requests this stands for: those of callers that nobody knows are counted together."""
    definitions: Sha256Hex | None = None
    relied: Relied | None = None

    def __post_init__(self) -> None:
        """Refuse an answer that was withheld without being asked for, and one that there cannot have been."""
        withheld = self.stage is DenialStage.RESULT
        if withheld != (self.decision is not None) or (self.result is not None and not withheld):
            expected = "decision, perhaps result" if withheld else "neither decision nor result"
            raise MalformedError(f"denial at {self.stage}", expected, "others")


class CallerResponse(StrEnum):
    """What was done with a caller that left the baseline."""

    STOP = "stop"
    PHANTOM = "phantom"
    NONE = "none"
    """Nothing, in audit-only mode."""


class Drifted(Record, kw_only=True):
    """A principal that left the sealed baseline; the digest of its RFC 8785 form is the subject of the receipt."""

    principal: PrincipalName
    rule: Rule
    used: Count
    at_most: Count
    within_seconds: Count
    newest: Count
    """The sequence number of the receipt that went over it."""
    response: CallerResponse
