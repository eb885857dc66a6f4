"""The tool rules of a RuntimeReference: what may be called, with what, how often, in what order, and by whom."""

from collections import Counter as Tally
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Annotated, Final, TypeAlias

import msgspec

from attest.codec.records import Count, Line, Record, Sha256Hex
from attest.errors import MalformedError
from attest.statement.enforcing import Seconds
from attest.statement.tools.definitions import MAX_DEFINITIONS, ToolDefinition, ToolName, digest_of_set
from attest.statement.tools.described import Described
from attest.statement.tools.foreign import JsonText, check_object
from attest.statement.tools.limits import Limit, RuleId
from attest.statement.tools.ordering import check_sorted
from attest.statement.tools.principals import Principal, PrincipalName

MAX_RULES: Final = 1024

RULED_METHODS: Final = frozenset(
    {"tools/call", "resources/read", "resources/subscribe", "prompts/get", "completion/complete"}
)
"""Requests that have rules of their own; `methods` cannot let them pass."""

Expression = Annotated[str, msgspec.Meta(min_length=1, max_length=8192)]
"""A CEL expression over `arguments`, `tool` and `principal`; true permits."""

Pointer = Annotated[str, msgspec.Meta(max_length=1024, pattern=r"^(/([^~/]|~[01])*)*$(?!\n)")]
"""A JSON pointer (RFC 6901) into the arguments; `-` in the place of an index stands for every element."""


_Identified: TypeAlias = "ResourceRule | Limit | SequenceRule | BaselineRule"


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
    """Absolute, or with the placeholder of a root as in a sealed command; sorted."""

    def __post_init__(self) -> None:
        """Refuse a directory that depends on where somebody stands, and a second order."""
        check_sorted(f"path rule {self.id}: below", self.below)
        for directory in self.below:
            if not directory.startswith(("/", "{")):
                raise MalformedError(f"path rule {self.id}: below", "absolute directories", directory)


class ResultRule(Record, kw_only=True):
    """What may come back."""

    max_bytes: Count | None = None
    """Of the whole message."""
    refuse_secrets: bool = False
    """Refuse what has the form of a key, a token or a password (the patterns of `attest.appraisal.calls.secrets`)."""
    input_requests: tuple[InputRequest, ...] = ()
    """What its results may ask for; sorted."""

    def __post_init__(self) -> None:
        """Refuse a second order, and a rule that says nothing: without a rule nothing may be asked for, either."""
        check_sorted("result rule: inputRequests", self.input_requests)
        if self.max_bytes is None and not self.refuse_secrets and not self.input_requests:
            raise MalformedError("result rule", "something that it says", "nothing")


class ToolRule(Record, kw_only=True):
    """A tool that may be called."""

    name: ToolName
    arguments: JsonText
    """A JSON Schema (2020-12) that the arguments have to satisfy, beside the server's own."""
    paths: Annotated[tuple[PathRule, ...], msgspec.Meta(max_length=64)] = ()
    """Sorted by id, as are limits."""
    condition: Expression | None = None
    result: ResultRule | None = None
    cost: Count = 1
    limits: Annotated[tuple[Limit, ...], msgspec.Meta(max_length=64)] = ()
    principals: Annotated[tuple[PrincipalName, ...], msgspec.Meta(max_length=256)] = ()
    """Who may call it, by name, sorted. None named: every principal of the rules."""

    def __post_init__(self) -> None:
        """Refuse a schema that is no object in RFC 8785 form, and second orders."""
        where = f"tool {self.name!a}"
        check_object(self.arguments, where=f"{where}: arguments")
        check_sorted(f"{where}: paths", [each.id for each in self.paths])
        check_sorted(f"{where}: limits", [each.id for each in self.limits])
        check_sorted(f"{where}: principals", self.principals)


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

    def __post_init__(self) -> None:
        """Refuse a second order of the names."""
        check_sorted(f"sequence {self.id}: first", self.first)
        check_sorted(f"sequence {self.id}: then", self.then)


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
    """Sorted."""
    spiffe_id: Line | None = None

    def __post_init__(self) -> None:
        """Refuse a second order."""
        check_sorted("upstream: spki", self.spki)


Egress = Annotated[str, msgspec.Meta(pattern=r"^tcp:[1-9][0-9]{0,4}$(?!\n)")]
"""A port that the server may connect to."""


class Decoy(Record, kw_only=True):
    """A file that a phantom sees, and no server: something to be found."""

    path: Line
    """Absolute."""
    text: Annotated[str, msgspec.Meta(max_length=65_536)]
    """What stands in it; made up, as whoever has the reference can read it."""

    def __post_init__(self) -> None:
        """Refuse a path with steps that lead elsewhere."""
        first, *steps = self.path.split("/")
        if first or {"", ".", ".."} & set(steps):
            raise MalformedError("decoy: path", "an absolute path without . and ..", self.path)


class ToolRules(Record, kw_only=True):
    """Everything that a caller may do. What is not named here is denied."""

    definitions: Annotated[tuple[ToolDefinition, ...], msgspec.Meta(max_length=MAX_DEFINITIONS)]
    """Sorted by name."""
    definitions_digest: Sha256Hex
    """Of the whole set: see `digest_of_set`."""
    tools: Annotated[tuple[ToolRule, ...], msgspec.Meta(max_length=MAX_DEFINITIONS)]
    """Sorted by name; what else has a name or an id is sorted by that."""
    described: Described | None = None
    """What else the server says of itself, pinned; absent: not pinned."""
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
    egress: Annotated[tuple[Egress, ...], msgspec.Meta(max_length=256)] | None = None
    """Where the server may connect to, `tcp:443`; empty: nowhere; absent: anywhere."""
    decoys: Annotated[tuple[Decoy, ...], msgspec.Meta(max_length=64)] = ()
    """What a phantom sees beside what is sealed; sorted by path."""

    def __post_init__(self) -> None:
        """Refuse what would be ambiguous, and rules about what nobody may call or is."""
        found = digest_of_set((each.name, each.sha256) for each in self.definitions)
        if found != self.definitions_digest:
            raise MalformedError("definitionsDigest", self.definitions_digest, found)
        for where, names in _sets(self):
            check_sorted(where, names)
        for where, named, known in _mentions(self):
            for name in sorted(set(named) - set(known)):
                raise MalformedError(where, f"one of: {', '.join(map(ascii, known))[:300] or 'none'}", ascii(name))
        if self.decoys and self.on_caller_drift is not OnCallerDrift.PHANTOM:
            raise MalformedError("decoys", "onCallerDrift phantom, as nobody else sees them", self.on_caller_drift)
        for twice in sorted(_more_than_once(_ids(self))):
            raise MalformedError("rules", "ids that name one rule each", twice)
        for twice in sorted(_more_than_once(filter(None, (each.known_by for each in self.principals)))):
            raise MalformedError("principals", "callers that are one principal each", twice)
        for method in sorted(RULED_METHODS & set(self.methods)):
            raise MalformedError("methods", "methods without rules of their own", method)

    @property
    def egress_ports(self) -> tuple[int, ...] | None:
        """The TCP ports that the server may connect to; empty: nowhere, by no protocol; None: anywhere."""
        return None if self.egress is None else tuple(int(each.removeprefix("tcp:")) for each in self.egress)


def _sets(rules: ToolRules) -> Iterator[tuple[str, Sequence[str]]]:
    yield "definitions", [each.name for each in rules.definitions]
    yield "tools", [each.name for each in rules.tools]
    yield "principals", [each.name for each in rules.principals]
    for where, group in _identified(rules):
        yield where, [each.id for each in group]
    yield "prompts", rules.prompts
    yield "methods", rules.methods
    yield "inputRequests", rules.input_requests
    yield "egress", rules.egress or ()
    yield "decoys", [each.path for each in rules.decoys]


def _mentions(rules: ToolRules) -> Iterator[tuple[str, Iterable[str], Sequence[str]]]:
    """What is named where, and the names that there are."""
    allowed = [each.name for each in rules.tools]
    principals = [each.name for each in rules.principals]
    yield "tools", allowed, [each.name for each in rules.definitions]
    for sequence in rules.sequences:
        yield f"sequence {sequence.id}", (*sequence.first, *sequence.then), allowed
    for tool in rules.tools:
        yield f"tool {tool.name!a}: principals", tool.principals, principals


def _identified(rules: ToolRules) -> Iterator[tuple[str, Sequence[_Identified]]]:
    yield "resources", rules.resources
    yield "limits", rules.limits
    yield "sequences", rules.sequences
    yield "baseline", rules.baseline


def _ids(rules: ToolRules) -> Iterator[str]:
    for _, group in _identified(rules):
        yield from (each.id for each in group)
    for tool in rules.tools:
        yield from (each.id for each in tool.limits)
        yield from (each.id for each in tool.paths)


def _more_than_once(names: Iterable[str]) -> set[str]:
    return {name for name, count in Tally(names).items() if count > 1}
