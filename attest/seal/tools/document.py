"""`tools.toml` as it lies on disk: tables named by people, unknown keys refused. `making` says what becomes of it."""

from typing import Annotated, Any, Final, Literal

import msgspec

from attest.codec.records import Count, Line, Record, Sha256Hex
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


class PrincipalTable(Record, kw_only=True, rename="kebab"):
    """Somebody who may call, under the name of the table."""

    kind: PrincipalKind
    issuer: Line | None = None
    audience: Line | None = None
    subject: Line | None = None
    thumbprint: Sha256Hex | None = None


class LimitTable(Record, kw_only=True, rename="kebab"):
    """At most `amount`, in any `within-seconds`, or as long as the session lasts."""

    amount: Count
    unit: Unit = Unit.CALLS
    per: Per = Per.PRINCIPAL
    within_seconds: Seconds | None = None


class PathTable(Record, kw_only=True, rename="kebab"):
    """An argument that names files, and the directories that they have to lie in."""

    argument: Pointer
    below: Annotated[tuple[Line, ...], msgspec.Meta(min_length=1)]


class ResultTable(Record, kw_only=True, rename="kebab"):
    """What may come back."""

    max_bytes: Count | None = None
    refuse_secrets: bool = False
    input_requests: tuple[InputRequest, ...] = ()


class ToolTable(Record, kw_only=True, rename="kebab"):
    """A tool that may be called, by the name of the table."""

    arguments: Schema | None = None
    """Merged into the server's own schema, table by table: what is said here replaces what is said there."""
    schema: Schema | None = None
    """Instead of the server's own schema; never beside `arguments`."""
    paths: dict[RuleId, PathTable] = msgspec.field(default_factory=dict)
    condition: Expression | None = None
    result: ResultTable | None = None
    cost: Count = 1
    limits: dict[RuleId, LimitTable] = msgspec.field(default_factory=dict)
    principals: tuple[PrincipalName, ...] = ()
    """Who may call it; everybody, unless somebody is named."""


class SequenceTable(Record, kw_only=True, rename="kebab"):
    """An order of calls within one session of one principal."""

    order: Order
    first: Annotated[tuple[ToolName, ...], msgspec.Meta(min_length=1)]
    then: Annotated[tuple[ToolName, ...], msgspec.Meta(min_length=1)]
    within_seconds: Seconds | None = None


class BaselineTable(Record, kw_only=True, rename="kebab"):
    """What is usual of one principal."""

    trait: Trait
    at_most: Count
    within_seconds: Seconds


class UpstreamTable(Record, kw_only=True, rename="kebab"):
    """A server that the portal does not start itself."""

    url: Line
    spki: tuple[Sha256Hex, ...] = ()
    spiffe_id: Line | None = None


class ToolsFile(Record, kw_only=True, rename="kebab"):
    """Everything that callers may do with one server. What is not named is denied."""

    schema: Literal["https://mcp-attest.github.io/schemas/tools/v0.1"]
    definitions: DefinitionsFile
    tools: dict[ToolName, ToolTable] = msgspec.field(default_factory=dict)
    resources: dict[RuleId, Line] = msgspec.field(default_factory=dict)
    """A URI each, or with a `*` at the end all that begin so."""
    prompts: tuple[ToolName, ...] = ()
    methods: tuple[Line, ...] = ()
    input_requests: tuple[InputRequest, ...] = ()
    """What the server may ask of the client by requests of its own."""
    principals: dict[PrincipalName, PrincipalTable] | None = None
    """Absent: the local user, `local`."""
    limits: dict[RuleId, LimitTable] = msgspec.field(default_factory=dict)
    sequences: dict[RuleId, SequenceTable] = msgspec.field(default_factory=dict)
    baseline: dict[RuleId, BaselineTable] = msgspec.field(default_factory=dict)
    on_caller_drift: OnCallerDrift = OnCallerDrift.STOP
    upstream: UpstreamTable | None = None
    egress: tuple[Line, ...] | None = None
    """Where the server may connect to, `tcp:443`; empty: nowhere; absent: anywhere."""
