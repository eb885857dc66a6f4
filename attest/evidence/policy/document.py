"""`attest-policy.toml` as it lies on disk: every key is optional but `schema`, and demands something if it is there."""

from datetime import date
from typing import Annotated, Final, Literal

import msgspec

from attest.codec.records import Count, Line, Record
from attest.evidence.grammar import Tier
from attest.statement.enforcing import Seconds
from attest.statement.levels import Binding, Isolation
from attest.statement.tools.definitions import ToolName
from attest.trust.document import Level

POLICY_SCHEMA: Final = "https://mcp-attest.github.io/schemas/policy/v0.1"
MAX_POLICY_BYTES: Final = 64 * 1024
"""Room for a thousand globs and exceptions; a person has to be able to review it."""

_MOST: Final = 1000

ReferenceDigest = Annotated[str, msgspec.Meta(pattern=r"^sha256:[0-9a-f]{64}$(?!\n)")]
"""The digest of a RuntimeReference, as `attest seal` prints it and `--reference` takes it."""

Glob = Annotated[str, msgspec.Meta(min_length=1, max_length=512, pattern=r"^[^\x00-\x1f\x7f]+$(?!\n)")]
"""As for `seal --allow-site`: against `root/path`, or the path in its root; `*` also crosses `/`."""

Globs = Annotated[tuple[Glob, ...], msgspec.Meta(max_length=_MOST)]
Lines = Annotated[tuple[Line, ...], msgspec.Meta(max_length=_MOST)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
"""A part of all files, 0 to 1."""

ProvenAxis = Literal["integrity", "authenticity", "completeness", "freshness", "build-link", "conformance"]


class RequiredTable(Record, kw_only=True, rename="kebab"):
    """What has to be there, in any of the files of one call."""

    references: Annotated[tuple[ReferenceDigest, ...], msgspec.Meta(max_length=_MOST)] = ()
    """Each of these RuntimeReferences is expected, and measured at least once."""
    servers: Lines = ()
    """The same by the name that was sealed: a RuntimeReference of each is expected and measured."""
    logs: Lines = ()
    """Each of these logs is there, by its origin."""
    tier: Tier | None = None
    """Every evidence bundle holds at least so much: structural, receipts, full."""
    max_anchor_age_seconds: Seconds | None = None
    """Each log has a time stamp by an authority of the trust file, the newest so long ago at most."""
    runtime: bool = False
    """Each server is measured together with a sealed runtime: what interprets it is not left to the machine."""
    proven_axes: Annotated[tuple[ProvenAxis, ...], msgspec.Meta(max_length=6)] = ()
    """These axes are `pass`, wherever they apply: that somebody trusted says so (`asserted`) is not enough."""


class MeasuredTable(Record, kw_only=True, rename="kebab"):
    """How long, how often and how well each expected RuntimeReference was measured."""

    min_seconds: Count | None = None
    """At least so long: the time of all runs in which it was measured, each moment once."""
    min_cycles: Count | None = None
    """At least so many clean cycles."""
    max_gap_seconds: Seconds | None = None
    """Inside a run never longer without a measurement; the sealed largest gap counts all the same."""
    max_uncovered_seconds: Count | None = None
    """Together no longer between the runs of the logs of a file."""
    max_age_seconds: Seconds | None = None
    """The newest measurement began so long ago at most, whatever nonce its run was given."""
    min_binding: Binding | None = None
    """No measurement was tied to less: launched, adopted, tree, remote."""
    min_isolation: Isolation | None = None
    """The measurer was never kept apart less: privileged, other-uid, same-uid."""


class AssuranceTable(Record, kw_only=True, rename="kebab"):
    """How well the files are known. A derived file counts as its worst input for `least`, and has no share."""

    least: Literal["built", "listed", "locked", "site"] | None = None
    """No file is known worse than this."""
    min_built: Share | None = None
    """At least this share of the files is the subject of verified build provenance."""
    min_listed: Share | None = None
    """At least this share is that, or named by authenticated evidence."""
    min_locked: Share | None = None
    """At least this share is one of those, or has the digest that a lock file or index gives."""


class SiteTable(Record, kw_only=True, rename="kebab"):
    """The files that no evidence answers for, and the sealer alone approved."""

    allowed: Globs
    """Each of them fits one of these; an empty list allows none."""


class BuildTable(Record, kw_only=True, rename="kebab"):
    """The build provenance of the server's artifacts."""

    min_slsa_level: Level | None = None
    """Provenance of at least this SLSA Build level, as far as the trust file believes its builder."""
    builders: Lines = ()
    """By one of these: builder ids, or the identities of their certificates."""
    artifacts: Globs = ()
    """For these artifacts, by the names of their files: each glob fits at least one. Without it for all that count as
    `built`, of which there has to be one."""


class CallsTable(Record, kw_only=True, rename="kebab"):
    """What became of calls, by the logs of portals."""

    tools: Annotated[tuple[ToolName, ...], msgspec.Meta(max_length=_MOST)] | None = None
    """No other tool was called."""
    min_permitted: Count | None = None
    """At least so many calls were permitted: that many were really governed."""
    max_denied: Count | None = None
    """At most so many requests and answers were denied."""
    max_let_pass: Count | None = None
    """At most so many were denied and let pass, in audit-only mode."""
    max_unanswered: Count | None = None
    """Of at most so many permitted calls nothing says what came."""
    max_drifted: Count | None = None
    """So often, at most, a caller left the sealed baseline."""
    path: Literal["sole"] | None = None
    """Receipts show that the portal was the only way to the server, and from it."""


class ExceptionTable(Record, kw_only=True, rename="kebab"):
    """What may fail for a while, and why. Nothing about integrity or authenticity can be excused."""

    checks: Annotated[tuple[Line, ...], msgspec.Meta(min_length=1, max_length=64)]
    """The ids of the checks: those of axis `policy`, and `conformance.matched` for drift of the files in `paths`."""
    reason: Line
    """For whoever reviews the policy, and whoever reads the verdict."""
    expires: date
    """The last day on which it counts, in UTC. From then on it fails, whether it excuses anything or not."""
    reference: ReferenceDigest | None = None
    """Only what is said of this RuntimeReference."""
    paths: Globs = ()
    """Only these files, `root/path`."""


class GatePolicy(Record, kw_only=True, rename="kebab"):
    """What evidence has to show beyond being true. It only ever tightens a verdict, save by its exceptions."""

    schema: Literal["https://mcp-attest.github.io/schemas/policy/v0.1"]
    """Which format this is."""
    required: RequiredTable | None = None
    """What has to be there."""
    measured: MeasuredTable | None = None
    """How long, how often and how well the server was measured."""
    assurance: AssuranceTable | None = None
    """How well the server's files are known."""
    runtime_assurance: AssuranceTable | None = None
    """How well the files of the runtimes are known that it was measured with."""
    site: SiteTable | None = None
    """Which files may be there without evidence."""
    build: BuildTable | None = None
    """Who built the server, and how."""
    calls: CallsTable | None = None
    """What was called."""
    exceptions: Annotated[tuple[ExceptionTable, ...], msgspec.Meta(max_length=_MOST)] = ()
    """What may fail for a while."""
