"""The tool rules of a RuntimeReference: what may be called, with what, how often, in what order, and by whom."""

from collections import Counter as Tally
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Final

import msgspec

from attest.codec.records import Count, Line, Record, Sha256Hex
from attest.errors import MalformedError
from attest.statement.enforcing import Seconds
from attest.statement.tools.definitions import MAX_DEFINITIONS, JsonText, ToolDefinition, ToolName, digest_of_set
from attest.statement.tools.limits import Limit, RuleId
from attest.statement.tools.principals import Principal

MAX_RULES: Final = 1024

Expression = Annotated[str, msgspec.Meta(min_length=1, max_length=8192)]
"""A CEL expression over `arguments`, `tool` and `principal`; true permits."""

Pointer = Annotated[str, msgspec.Meta(max_length=1024, pattern=r"^(/([^~/]|~[01])*)*$(?!\n)")]
"""A JSON pointer (RFC 6901) into the arguments; `-` in the place of an index stands for every element."""


class InputRequest(StrEnum):
    """What a server may ask of the client: a request of its own before 2026-07-28, inside a result since."""

    ELICITATION = "elicitation/create"
    SAMPLING = "sampling/createMessage"
    ROOTS = "roots/list"


class PathRule(Record, kw_only=True):
    """An argument that names files: each has to lie below one of these directories once links and `..` are followed."""

    id: RuleId
    argument: Pointer
    below: Annotated[tuple[Line, ...], msgspec.Meta(min_length=1, max_length=64)]
    """Absolute, or with the placeholder of a root as in a sealed command."""


class ResultRule(Record, kw_only=True):
    """What may come back."""

    max_bytes: Count | None = None
    """Of the whole message."""
    refuse_secrets: bool = False
    """Refuse what has the form of a key, a token or a password (the patterns of `attest.appraisal.calls.secrets`)."""
    input_requests: tuple[InputRequest, ...] = ()
    """What its results may ask for."""


class ToolRule(Record, kw_only=True):
    """A tool that may be called."""

    name: ToolName
    arguments: JsonText
    """A JSON Schema (2020-12) that the arguments have to satisfy, beside the server's own."""
    paths: Annotated[tuple[PathRule, ...], msgspec.Meta(max_length=64)] = ()
    condition: Expression | None = None
    result: ResultRule | None = None
    cost: Count = 1
    limits: Annotated[tuple[Limit, ...], msgspec.Meta(max_length=64)] = ()
    principals: Annotated[tuple[Line, ...], msgspec.Meta(max_length=256)] | None = None
    """Who may call it, by name. Absent: every principal of the rules."""


class Order(StrEnum):
    """How two tools stand in a sequence."""

    FORBIDDEN = "forbidden"
    """Once `first` was permitted, `then` is denied."""
    REQUIRED = "required"
    """`then` is denied until `first` succeeded."""


class SequenceRule(Record, kw_only=True):
    """An order of calls within one session of one principal."""

    id: RuleId
    order: Order
    first: Annotated[tuple[ToolName, ...], msgspec.Meta(min_length=1, max_length=MAX_DEFINITIONS)]
    then: Annotated[tuple[ToolName, ...], msgspec.Meta(min_length=1, max_length=MAX_DEFINITIONS)]
    within_seconds: Seconds | None = None
    """How long `first` counts. Absent: as long as the session lasts."""


class Trait(StrEnum):
    """What a baseline watches of one principal."""

    CALLS = "calls"
    DENIALS = "denials"
    ERRORS = "errors"
    """Results that say `isError`, and error responses."""
    TOOLS = "tools"
    """Different tools."""
    ARGUMENT_BYTES = "argument-bytes"


class BaselineRule(Record, kw_only=True):
    """What is usual. More than that is drift of the caller: it is stopped, others go on."""

    id: RuleId
    trait: Trait
    at_most: Count
    within_seconds: Seconds


class OnCallerDrift(StrEnum):
    """What becomes of a caller that left the baseline."""

    STOP = "stop"
    """Its calls are denied as long as the session lasts."""
    PHANTOM = "phantom"
    """It goes on against a sandbox, and every call of it is kept as evidence."""


class ResourceRule(Record, kw_only=True):
    """Resources that may be read: one URI, or with a `*` at the end all that begin so."""

    id: RuleId
    uri: Line


class Upstream(Record, kw_only=True):
    """The server that somebody else runs, or that listens on a socket: where, and by what it is known."""

    url: Line
    spki: Annotated[tuple[Sha256Hex, ...], msgspec.Meta(max_length=16)] = ()
    """SHA-256 of the public keys (SubjectPublicKeyInfo) that it may show; checked at every connection."""
    spiffe_id: Line | None = None


class ToolRules(Record, kw_only=True):
    """Everything that a caller may do. What is not named here is denied."""

    definitions: Annotated[tuple[ToolDefinition, ...], msgspec.Meta(max_length=MAX_DEFINITIONS)]
    """Sorted by name."""
    definitions_digest: Sha256Hex
    """Of the whole set: see `digest_of_set`."""
    tools: Annotated[tuple[ToolRule, ...], msgspec.Meta(max_length=MAX_DEFINITIONS)]
    """Sorted by name."""
    resources: Annotated[tuple[ResourceRule, ...], msgspec.Meta(max_length=MAX_RULES)] = ()
    prompts: Annotated[tuple[ToolName, ...], msgspec.Meta(max_length=MAX_RULES)] = ()
    """Prompts that may be taken; completion is allowed for what may be read or taken."""
    methods: Annotated[tuple[Line, ...], msgspec.Meta(max_length=MAX_RULES)] = ()
    """Further methods that may pass: of extensions (`tasks/get`), or of one's own."""
    input_requests: tuple[InputRequest, ...] = ()
    """What the server may ask of the client by requests of its own."""
    principals: Annotated[tuple[Principal, ...], msgspec.Meta(max_length=256)]
    limits: Annotated[tuple[Limit, ...], msgspec.Meta(max_length=256)] = ()
    sequences: Annotated[tuple[SequenceRule, ...], msgspec.Meta(max_length=256)] = ()
    baseline: Annotated[tuple[BaselineRule, ...], msgspec.Meta(max_length=64)] = ()
    on_caller_drift: OnCallerDrift = OnCallerDrift.STOP
    upstream: Upstream | None = None
    """Absent: the portal starts the server itself."""
    egress: Annotated[tuple[Line, ...], msgspec.Meta(max_length=256)] | None = None
    """Where the server may connect to, `tcp:443`; empty: nowhere; absent: anywhere."""

    def __post_init__(self) -> None:
        """Refuse what would be ambiguous, or would allow what is not defined."""
        found = digest_of_set((each.name, each.sha256) for each in self.definitions)
        if found != self.definitions_digest:
            raise MalformedError("definitionsDigest", self.definitions_digest, found)
        defined = [each.name for each in self.definitions]
        allowed = [each.name for each in self.tools]
        for where, names in (("definitions", defined), ("tools", allowed)):
            if names != sorted(set(names)):
                raise MalformedError(where, "names in order, each once", "another order, or a name twice")
        for name in sorted(set(allowed) - set(defined)):
            raise MalformedError("tools", "only tools that the server defines", name)
        for twice in sorted(_more_than_once(rule.lower() for rule in _ids(self))):
            raise MalformedError("rules", "ids that name one rule", twice)
        for twice in sorted(_more_than_once(each.name for each in self.principals)):
            raise MalformedError("principals", "each once", twice)


def _ids(rules: ToolRules) -> Iterator[str]:
    for group in (rules.limits, rules.sequences, rules.baseline, rules.resources):
        yield from (each.id for each in group)
    for tool in rules.tools:
        yield from (each.id for each in tool.limits)
        yield from (each.id for each in tool.paths)


def _more_than_once(names: Iterator[str]) -> set[str]:
    return {name for name, count in Tally(names).items() if count > 1}
