"""The verdict: a value, never an exception; the very record that `attest verify --format json` prints."""

from enum import StrEnum
from typing import Final, Literal

import msgspec

from attest.statement.digests import DigestSet, Subject

VERDICT_SCHEMA: Final = "https://mcp-attest.github.io/schemas/verdict/v0.1"


class Status(StrEnum):
    """What became of a check, or of an axis."""

    PASS = "pass"  # noqa: S105  (a word, no secret)
    ASSERTED = "asserted"
    """Somebody trusted says so, and this file does not hold what is needed to judge it again."""
    UNPROVEN = "unproven"
    """Nobody has shown it; fails the verdict."""
    FAIL = "fail"
    NOT_APPLICABLE = "not-applicable"
    """Of an axis only: a kind of file to which it does not apply."""


STATUS_RANK: Final = {Status.PASS: 0, Status.ASSERTED: 1, Status.UNPROVEN: 2, Status.FAIL: 3}
"""An axis is its worst applicable check."""


class Axis(StrEnum):
    """The separate questions that a verdict answers."""

    INTEGRITY = "integrity"
    AUTHENTICITY = "authenticity"
    COMPLETENESS = "completeness"
    FRESHNESS = "freshness"
    BUILD_LINK = "build-link"
    CONFORMANCE = "conformance"
    POLICY = "policy"
    """Only where a gate policy was given."""


class Kind(StrEnum):
    """What a file is."""

    EVIDENCE_BUNDLE = "evidence-bundle"
    RECEIPT = "receipt"
    RUNTIME_REFERENCE = "runtime-reference"
    SIGSTORE_BUNDLE = "sigstore-bundle"
    DSSE = "dsse"
    """Build evidence in a bare envelope."""
    IN_TOTO_JSONL = "in-toto-jsonl"
    """Attestations, a line each."""
    IN_TOTO_LAYOUT = "in-toto-layout"
    """A signed layout with its links."""
    NPM_ATTESTATIONS = "npm-attestations"
    PYPI_ATTESTATIONS = "pypi-attestations"
    UNKNOWN = "unknown"
    """Always fails."""


class Start(StrEnum):
    """How it is known that nothing is missing before the first entry."""

    GENESIS = "genesis"
    PINNED = "pinned"
    UNPROVEN = "unproven"


class End(StrEnum):
    """How it is known that nothing is missing after the last entry; as far as it can be."""

    CLOSED = "closed"
    """The last run ended with a stop."""
    FRESH = "fresh"
    """A checkpoint over all entries, young enough or of the run that was asked for."""
    UNPROVEN = "unproven"


class CheckResult(msgspec.Struct, frozen=True, kw_only=True):
    """What one check came to; `where` names the line."""

    id: str
    axis: Axis
    status: Status
    detail: str
    expected: str | None = None
    found: str | None = None
    where: str | None = None


class Axes(msgspec.Struct, frozen=True, kw_only=True):
    """The worst applicable check of each axis."""

    integrity: Status
    authenticity: Status
    completeness: Status
    freshness: Status
    build_link: Status = msgspec.field(name="build-link")
    conformance: Status
    policy: Status | msgspec.UnsetType = msgspec.UNSET
    """There only where a gate policy was given."""

    def items(self) -> tuple[tuple[Axis, Status], ...]:
        """Return the axes in their order, that of a policy only where there was one."""
        statuses = (
            self.integrity,
            self.authenticity,
            self.completeness,
            self.freshness,
            self.build_link,
            self.conformance,
            self.policy,
        )
        return tuple((axis, status) for axis, status in zip(Axis, statuses, strict=True) if status is not msgspec.UNSET)


class AssuranceShares(msgspec.Struct, frozen=True, kw_only=True):
    """Shares of files by origin (0 to 1), as the sealer counted them."""

    built: float
    listed: float
    locked: float
    derived: float
    site: float


class UsedRuntime(msgspec.Struct, frozen=True, kw_only=True):
    """A runtime that was measured together with the expected references, by the reference that was used."""

    name: str
    version: str | None
    digest: str
    sequence: int
    assurance: AssuranceShares | None


class RuleCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many calls one rule permitted, and how many requests and answers it denied."""

    rule: str
    permitted: int
    denied: int


class CallCounts(msgspec.Struct, frozen=True, kw_only=True):
    """What became of calls, over all logs and references."""

    permitted: int
    denied: int
    """Requests and answers; one receipt may stand for many."""
    let_pass: int
    """Those of them that went on all the same, in audit-only mode."""
    unanswered: int
    """Permitted ones of which nothing says what came, since their run was cut off or goes on."""
    drifted: int
    """How often a caller left the sealed baseline."""
    commitments: int
    """Arguments and answers that stand here by their digests."""
    opened: int
    """Those of them that are disclosed."""
    rules: tuple[RuleCount, ...]
    """The most frequent first."""


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How many of what the file holds, over all logs and references."""

    entries: int = 0
    measurements: int = 0
    """Receipts that say so; each stands for one cycle, or for a window of them."""
    cycles: int | None = None
    """The clean cycles that those stand for; null where the receipts are not there."""
    violations: int = 0
    permits: int | None = 0
    """Null where the receipts are not there: an entry does not tell a permit from its outcome."""
    denials: int = 0
    calls: CallCounts | None = None
    """Null without any permit or denial, and where the receipts are not there."""


class TrustDigest(msgspec.Struct, frozen=True, kw_only=True):
    """Which trust file was asked."""

    sha256: str


class PolicyException(msgspec.Struct, frozen=True, kw_only=True):
    """An exception of the policy, and how much it excused in this file: nothing, if it can be taken out."""

    checks: tuple[str, ...]
    reason: str
    expires: str
    """Its last day, `2026-12-31`, in UTC."""
    excused: int


class UsedPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Which gate policy the file had to keep."""

    sha256: str
    exceptions: tuple[PolicyException, ...] = ()


class Attested(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What one piece of build evidence turned out to be; `where` is its place in the file."""

    where: str
    digest: str
    """The SHA-256 of its exact bytes."""
    predicate_type: str | None = None
    format: str
    identity: str | None = None
    """Whom the signing certificate is for; `issuer` vouched for it to the CA."""
    issuer: str | None = None
    signers: tuple[str, ...] = ()
    """The ids of the keys that signed, where they are nobody's certificate."""
    builder: str | None = None
    source: str | None = None
    slsa_level: int | None = None
    """None too where nobody who is expected signed it."""
    about: tuple[DigestSet, ...] = ()
    """Which of the expected artifacts, or of those that the expected references name, are its subjects."""


class PathKind(StrEnum):
    """Whether the portal was the only way to the server."""

    SOLE = "sole"
    """Receipts show that the server was reached through the portal alone, and could reach nobody over a network."""
    ADVISORY = "advisory"
    """There may have been a way past it."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What one file proves, judged at `at`, against one trust file and what the caller expected."""

    schema: str = VERDICT_SCHEMA
    file: str
    kind: Kind
    tier: str | None
    verdict: Literal["PASSED", "FAILED"]
    at: str
    assurance: AssuranceShares | None
    """Of the expected references; of their runtimes, each by itself, see `runtimes`."""
    binding: str | None
    """The weakest among the measurements of the expected references; `isolation` likewise."""
    isolation: str | None
    path: PathKind | None
    """Of the calls; None without any."""
    enforcement: str | None
    pinned: int | None
    """The size of the largest expected checkpoint that was found to hold."""
    anchored: str | None
    """When the newest time stamp over each log was made, the oldest of those; `freshness.anchor` says more."""
    axes: Axes
    start: Start | None
    end: End | None
    period: tuple[str, str] | None
    uncovered_seconds: int | None
    checks: tuple[CheckResult, ...]
    subjects: tuple[Subject, ...]
    trust: TrustDigest
    policy: UsedPolicy | None = None
    """None where no gate policy was given."""
    verifier: str
    counts: Counts | None
    runtimes: tuple[UsedRuntime, ...]
    attestations: tuple[Attested, ...] = ()
    """The build evidence in the file, as far as it was verified."""

    @property
    def passed(self) -> bool:
        """Whether the verdict is PASSED."""
        return self.verdict == "PASSED"
