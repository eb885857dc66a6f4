"""`tools.toml` as it lies on disk: tables named by people, unknown keys refused. `making` says what becomes of it."""

from typing import Annotated, Any, Final, Literal

import msgspec

from attest.codec.records import Count, Line, Record, Sha256Hex
from attest.seal.tools.described_file import Pinned
from attest.statement.enforcing import Seconds
from attest.statement.tools.definitions import ToolName
from attest.statement.tools.limits import Per, RuleId, Unit
from attest.statement.tools.principals import PrincipalKind, PrincipalName
from attest.statement.tools.rules import Expression, InputRequest, OnCallerDrift, Order, Pointer, Trait

TOOLS_SCHEMA: Final = "https://mcp-attest.github.io/schemas/tools/v0.1"
MAX_TOOLS_BYTES: Final = 4 * 1024 * 1024

Schema = dict[str, Any]
"""A JSON Schema, or a part of one."""


class DefinitionsFile(Record, kw_only=True, rename="kebab"):
    """Where the recorded definitions lie."""

    file: Line
    """Beside `tools.toml`: a JSON array of tools, as the server lists them."""
    sha256: Sha256Hex
    """The digest of the set, whatever the layout of the file: who changes a definition changes this line, too."""


class DescribedTable(Record, kw_only=True, rename="kebab"):
    """What else the server says of itself to a model."""

    file: Line
    """Beside `tools.toml`: a JSON object with what was recorded."""
    pin: Annotated[tuple[Pinned, ...], msgspec.Meta(min_length=1)]
    """What of it is pinned: instructions, prompts, resources, templates."""


class PrincipalTable(Record, kw_only=True, rename="kebab"):
    """Somebody who may call, under the name of the table."""

    kind: PrincipalKind
    """By what it is known."""
    issuer: Line | None = None
    """jwt: who issues its tokens."""
    audience: Line | None = None
    """jwt: whom they are for."""
    subject: Line | None = None
    """jwt: the `sub` claim. spiffe: the SPIFFE ID."""
    thumbprint: Sha256Hex | None = None
    """key, and jwt bound to one: the RFC 7638 thumbprint in hexadecimal. certificate: SHA-256 of its public key."""


class LimitTable(Record, kw_only=True, rename="kebab"):
    """At most `amount`, in any `within-seconds`, or as long as the session lasts."""

    amount: Count
    """At most so much."""
    unit: Unit = Unit.CALLS
    """Calls, bytes of arguments and results, calls at a time, cost, or requests for input of one call."""
    per: Per = Per.PRINCIPAL
    """Whose count: of each principal, of each tool for each principal, or of everybody together."""
    within_seconds: Seconds | None = None
    """In any span of this length; without it, as long as the session lasts."""


class PathTable(Record, kw_only=True, rename="kebab"):
    """An argument that names files, and the directories that they have to lie in."""

    argument: Pointer
    """A JSON pointer into the arguments, `/path`; `-` stands for every element of an array, `/paths/-`."""
    below: Annotated[tuple[Line, ...], msgspec.Meta(min_length=1)]
    """Absolute directories, or with the place of a sealed root at the start, `{tree}/data`."""


class ResultTable(Record, kw_only=True, rename="kebab"):
    """What may come back."""

    max_bytes: Count | None = None
    """The largest message."""
    refuse_secrets: bool = False
    """Withhold what has the form of a key, a token or a password."""
    input_requests: tuple[InputRequest, ...] = ()
    """What a result may ask of the user or the model."""


class ToolTable(Record, kw_only=True, rename="kebab"):
    """A tool that may be called, by the name of the table."""

    arguments: Schema | None = None
    """Merged into the server's own schema, table by table: what is said here replaces what is said there."""
    schema: Schema | None = None
    """Instead of the server's own schema; never beside `arguments`."""
    paths: dict[RuleId, PathTable] = msgspec.field(default_factory=dict)
    """Arguments that name files, by the id that receipts name a rule by."""
    condition: Expression | None = None
    """A CEL expression over `arguments`, `tool` and `principal` that has to be true."""
    result: ResultTable | None = None
    """What may come back."""
    cost: Count = 1
    """What a call counts where cost is limited."""
    limits: dict[RuleId, LimitTable] = msgspec.field(default_factory=dict)
    """Limits of this tool alone, by id."""
    principals: tuple[PrincipalName, ...] = ()
    """Who may call it; everybody, unless somebody is named."""


class SequenceTable(Record, kw_only=True, rename="kebab"):
    """An order of calls within one session of one principal."""

    order: Order
    """forbidden: once one of `first` was permitted, `then` is denied. required: `then` is denied before that."""
    first: Annotated[tuple[ToolName, ...], msgspec.Meta(min_length=1)]
    """Names of tools."""
    then: Annotated[tuple[ToolName, ...], msgspec.Meta(min_length=1)]
    """Names of tools."""
    within_seconds: Seconds | None = None
    """How long `first` counts; without it, as long as the session lasts."""


class BaselineTable(Record, kw_only=True, rename="kebab"):
    """What is usual of one principal."""

    trait: Trait
    """What is counted."""
    at_most: Count
    """More than that is drift of this caller."""
    within_seconds: Seconds
    """In any span of this length."""


class UpstreamTable(Record, kw_only=True, rename="kebab"):
    """A server that the portal does not start itself."""

    url: Line
    """Where it is, http or https."""
    spki: tuple[Sha256Hex, ...] = ()
    """SHA-256 of the public keys of which it shows one at every connection."""
    spiffe_id: Line | None = None
    """The SPIFFE ID of its certificate."""


class ToolsFile(Record, kw_only=True, rename="kebab"):
    """Everything that callers may do with one server. What is not named is denied."""

    schema: Literal["https://mcp-attest.github.io/schemas/tools/v0.1"]
    """Which format this is."""
    definitions: DefinitionsFile
    """The tools as the server described them, pinned."""
    described: DescribedTable | None = None
    """What else it said of itself; without it, nothing of that is pinned."""
    tools: dict[ToolName, ToolTable] = msgspec.field(default_factory=dict)
    """The tools that may be called, by name."""
    resources: dict[RuleId, Line] = msgspec.field(default_factory=dict)
    """A URI each, or with a `*` at the end all that begin so."""
    prompts: tuple[ToolName, ...] = ()
    """Prompts that may be taken."""
    methods: tuple[Line, ...] = ()
    """Further JSON-RPC methods that may pass, as of an extension."""
    input_requests: tuple[InputRequest, ...] = ()
    """What the server may ask of the client by requests of its own."""
    principals: dict[PrincipalName, PrincipalTable] | None = None
    """Absent: the local user, `local`."""
    limits: dict[RuleId, LimitTable] = msgspec.field(default_factory=dict)
    """Limits of all calls, by id."""
    sequences: dict[RuleId, SequenceTable] = msgspec.field(default_factory=dict)
    """Orders of calls of one caller, by id."""
    baseline: dict[RuleId, BaselineTable] = msgspec.field(default_factory=dict)
    """What is usual of one caller, by id."""
    on_caller_drift: OnCallerDrift = OnCallerDrift.STOP
    """What becomes of a caller that left the baseline."""
    upstream: UpstreamTable | None = None
    """Without it the portal starts the server itself."""
    egress: tuple[Line, ...] | None = None
    """Where the server may connect to, `tcp:443`; empty: nowhere; absent: anywhere."""
    decoys: dict[Line, str] = msgspec.field(default_factory=dict)
    """Files that a phantom sees beside what is sealed: the path, and what stands in it."""
