"""The table of rules: the id that a receipt names, what it means, and what a person can do about it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple


class RuleKind(StrEnum):
    """What decided. In a receipt, `:` and the id of the sealed rule follow where it has one."""

    TOOL_ALLOWED = "tool.allowed"
    RESOURCE_ALLOWED = "resource.allowed"
    PROMPT_ALLOWED = "prompt.allowed"
    METHOD_ALLOWED = "method.allowed"
    RESULT_ALLOWED = "result.allowed"
    CLIENT_REQUEST_ALLOWED = "client-request.allowed"
    DEFINITIONS_SEALED = "definitions.sealed"

    PRINCIPAL_UNKNOWN = "principal.unknown"
    PRINCIPAL_TOOL = "principal.tool"
    CALLER_DRIFTED = "caller.drifted"
    CALLER_PHANTOM = "caller.phantom"
    CLOCK_BACKWARDS = "clock.backwards"
    METHOD_UNKNOWN = "method.unknown"
    TOOL_UNKNOWN = "tool.unknown"
    RESOURCE_UNKNOWN = "resource.unknown"
    RESOURCE_SPELLING = "resource.spelling"
    PROMPT_UNKNOWN = "prompt.unknown"
    ARGUMENTS_FORM = "arguments.form"
    ARGUMENTS_SCHEMA = "arguments.schema"
    ARGUMENTS_PATH = "arguments.path"
    ARGUMENTS_CONDITION = "arguments.condition"
    SEQUENCE_FORBIDDEN = "sequence.forbidden"
    SEQUENCE_REQUIRED = "sequence.required"
    LIMIT = "limit"
    CALL_ROUNDS = "call.rounds"
    RESULT_SIZE = "result.size"
    RESULT_SECRET = "result.secret"  # noqa: S105  (a rule, no secret)
    RESULT_INPUT = "result.input"
    CLIENT_REQUEST = "client-request.refused"
    DEFINITIONS_CHANGED = "definitions.changed"
    DEFINITIONS_UNKNOWN = "definitions.unknown"
    DESCRIPTION_CHANGED = "description.changed"

    MESSAGE_MALFORMED = "message.malformed"
    MESSAGE_ID = "message.id"
    CALL_STATE = "call.state"
    SESSION_UNOPENED = "session.unopened"
    SESSION_UNKNOWN = "session.unknown"
    SESSION_CROWDED = "session.crowded"
    SAFE_STATE = "state.safe"
    MEASUREMENT_NONE = "measurement.none"
    MEASUREMENT_STALE = "measurement.stale"
    MEASUREMENT_UNKNOWN = "measurement.unknown"
    MEASUREMENT_DRIFT = "measurement.drift"
    REFERENCE_EXPIRED = "reference.expired"
    REFERENCE_REVOKED = "reference.revoked"
    LOG_UNAVAILABLE = "log.unavailable"


class RuleText(NamedTuple):
    """What a rule means, and what to do when it decided otherwise than wished."""

    meaning: str
    remedy: str


_NOTHING: Final = "nothing"

RULES: Final[Mapping[RuleKind, RuleText]] = MappingProxyType(
    {
        RuleKind.TOOL_ALLOWED: RuleText("a sealed tool, called within all of its rules", _NOTHING),
        RuleKind.RESOURCE_ALLOWED: RuleText("a resource that the named rule lets through", _NOTHING),
        RuleKind.PROMPT_ALLOWED: RuleText("a sealed prompt", _NOTHING),
        RuleKind.METHOD_ALLOWED: RuleText("a further method that the rules name", _NOTHING),
        RuleKind.RESULT_ALLOWED: RuleText("an answer within the rules of its tool", _NOTHING),
        RuleKind.CLIENT_REQUEST_ALLOWED: RuleText("a request of the server's that the rules name", _NOTHING),
        RuleKind.DEFINITIONS_SEALED: RuleText("the server's tools are described as they were sealed", _NOTHING),
        RuleKind.PRINCIPAL_UNKNOWN: RuleText(
            "the caller is nobody that the rules name", "name it under `principals` and seal again"
        ),
        RuleKind.PRINCIPAL_TOOL: RuleText(
            "the tool is for other principals", "add the principal to the tool's `principals` and seal again"
        ),
        RuleKind.CALLER_DRIFTED: RuleText(
            "the caller left the named baseline", "look into what it did; a new session starts it afresh"
        ),
        RuleKind.CALLER_PHANTOM: RuleText(
            "the caller left the baseline before: this reached a phantom of the server, or nothing",
            "read what it tried: `attest show`, and `attest bundle --tier full` for its arguments",
        ),
        RuleKind.CLOCK_BACKWARDS: RuleText(
            "the clock shows less than at an earlier decision, so no rate can be judged",
            "start the portal again once the clock is right",
        ),
        RuleKind.METHOD_UNKNOWN: RuleText(
            "neither part of the protocol nor named", "name it under `methods` if it may pass, and seal again"
        ),
        RuleKind.TOOL_UNKNOWN: RuleText(
            "no rule allows a tool of exactly this name", "add it to `tools` if it may be called, and seal again"
        ),
        RuleKind.RESOURCE_UNKNOWN: RuleText(
            "no rule allows this URI", "add it to `resources` if it may be read, and seal again"
        ),
        RuleKind.RESOURCE_SPELLING: RuleText(
            "the URI could be read as leaving the sealed prefix: `..`, a backslash, their encoded forms",
            "ask for the resource by its plain URI",
        ),
        RuleKind.PROMPT_UNKNOWN: RuleText(
            "no rule allows a prompt of exactly this name", "add it to `prompts` if it may be taken, and seal again"
        ),
        RuleKind.ARGUMENTS_FORM: RuleText(
            "nested too deeply, or with a number that not every reader reads alike (beyond 2^53, infinite)",
            "send such numbers as strings; if the tool needs them, give it `format: int64`",
        ),
        RuleKind.ARGUMENTS_SCHEMA: RuleText(
            "the arguments do not satisfy the sealed schema", "see `where` and the keyword; mend the call or the schema"
        ),
        RuleKind.ARGUMENTS_PATH: RuleText(
            "an argument names a place outside the sealed directories, or could be read so",
            "use a plain path below one of them, or widen `below` and seal again",
        ),
        RuleKind.ARGUMENTS_CONDITION: RuleText(
            "the sealed condition is not true of the arguments, or cannot be judged", "mend the call or the condition"
        ),
        RuleKind.SEQUENCE_FORBIDDEN: RuleText(
            "after an earlier call this one may not follow", "start a new session, or change the named sequence"
        ),
        RuleKind.SEQUENCE_REQUIRED: RuleText(
            "another tool has to have succeeded before", "call that tool first, or change the named sequence"
        ),
        RuleKind.LIMIT: RuleText(
            "the named limit is used up", "wait for the end of its span, or raise it and seal again"
        ),
        RuleKind.CALL_ROUNDS: RuleText(
            "one call came back with more requests for input than any may", "see why the server asks again and again"
        ),
        RuleKind.RESULT_SIZE: RuleText("the answer is larger than sealed", "ask for less, or raise `max-bytes`"),
        RuleKind.RESULT_SECRET: RuleText(
            "the answer holds what has the form of a key, a token or a password",
            "keep the secret out of the tool's reach; without `refuse-secrets` such answers pass",
        ),
        RuleKind.RESULT_INPUT: RuleText(
            "the answer asks the client for something that the rules do not name",
            "name it under `input-requests` of the tool's `result` if it may, and seal again",
        ),
        RuleKind.CLIENT_REQUEST: RuleText(
            "the server asks the client for something that the rules do not name",
            "name it under `input-requests` if it may, and seal again",
        ),
        RuleKind.DEFINITIONS_CHANGED: RuleText(
            "the server describes its tools otherwise than sealed: one added, gone, renamed or changed",
            "review the change (`attest diff`) and seal again, or bring the sealed server back",
        ),
        RuleKind.DEFINITIONS_UNKNOWN: RuleText(
            "the server did not list its tools, so nobody can say whether they are the sealed ones",
            "see why it does not answer `tools/list`",
        ),
        RuleKind.DESCRIPTION_CHANGED: RuleText(
            "the server's instructions, or a prompt, resource or template that it listed, are not the sealed ones",
            "review the change and seal again, or bring the sealed server back",
        ),
        RuleKind.MESSAGE_MALFORMED: RuleText(
            "no JSON-RPC message that every reader reads alike", "mend the sender: duplicate keys, encoding, nesting"
        ),
        RuleKind.MESSAGE_ID: RuleText("an id that is in use by another request", "mend the sender"),
        RuleKind.CALL_STATE: RuleText(
            "an answer to a request for input that nobody made", "repeat the call from its beginning"
        ),
        RuleKind.SESSION_UNOPENED: RuleText(
            "neither a handshake before nor a protocol version with the request", "send `initialize` first, or `_meta`"
        ),
        RuleKind.SESSION_UNKNOWN: RuleText(
            "an `Mcp-Session-Id` that this caller was not given, or that is over",
            "send `initialize` again; if that does not help, see who uses identifiers of others",
        ),
        RuleKind.SESSION_CROWDED: RuleText(
            "too many requests wait for an answer at once", "wait for answers before asking on"
        ),
        RuleKind.SAFE_STATE: RuleText("the agent or portal is in its safe state", "see the event that led there"),
        RuleKind.MEASUREMENT_NONE: RuleText("the server was not measured yet", "wait for the first measurement"),
        RuleKind.MEASUREMENT_STALE: RuleText(
            "the newest match is older than sealed", "see by `attest log show` whether the agent still measures"
        ),
        RuleKind.MEASUREMENT_UNKNOWN: RuleText("the server could not be measured", "see the receipt's findings"),
        RuleKind.MEASUREMENT_DRIFT: RuleText(
            "the running server is not the sealed one", "see the receipt's findings; restore it or seal again"
        ),
        RuleKind.REFERENCE_EXPIRED: RuleText("the reference's time is over", "seal again"),
        RuleKind.REFERENCE_REVOKED: RuleText("the reference or its sealer was revoked", "use one that is not"),
        RuleKind.LOG_UNAVAILABLE: RuleText(
            "no receipt can be written, so nothing may happen", "make room for the log, or mend its disk"
        ),
    }
)
"""Every kind, once; `docs/rules.md` is written from it."""
