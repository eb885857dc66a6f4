"""runtime-reference v0.1: what may run, how it is measured, and what happens on drift. Signed by a sealer."""

from typing import Annotated, Final

import msgspec

from attest.codec import instant
from attest.codec.records import Count, Line, Record, Sha256Hex, Timestamp
from attest.errors import MalformedError
from attest.statement.digests import DigestSet, Subject
from attest.statement.enforcing import Action, Enforcement, Seconds
from attest.statement.levels import Binding, Isolation
from attest.statement.names import RootName, SealedPath
from attest.statement.predicate_type import PREDICATE_BASE
from attest.statement.profile import ProcessProfile, Program
from attest.statement.tools.rules import ToolRules

PREDICATE_TYPE: Final = f"{PREDICATE_BASE}/runtime-reference/v0.1"

MAX_UNCLAIMED_PATHS: Final = 1000
"""So many are named in the reference itself; the manifest has them all."""


NO_FILE: Final = "none"
"""The `least` of an assurance without any file: that of a server which nobody can measure."""


class Server(Record, kw_only=True):
    """Which MCP server this is about; the name is for people, the manifest identifies."""

    name: Line
    version: Line | None = None
    purl: Line | None = None


class Share(Record, kw_only=True):
    """Files and bytes of one origin."""

    files: Count
    bytes: Count


class Assurance(Record, kw_only=True):
    """How much of the server is known how well: shares by origin, and the worst rank of any file."""

    built: Share
    listed: Share
    locked: Share
    derived: Share
    site: Share
    least: Line
    """The weakest origin that any file has, a derived one counting as its worst input; `none` without any file."""


class ManifestDescriptor(Record, kw_only=True):
    """The content-addressed side file with an entry for each file."""

    digest: DigestSet
    entries: Count


class EvidenceCheck(Record, kw_only=True):
    """One thing that was verified about a piece of build evidence, or that could not be."""

    id: Line
    status: Line
    detail: Line


class SignerIdentity(Record, kw_only=True):
    """Whom a signing certificate is for, and who vouched for it to the certificate authority."""

    identity: Line
    """The subject alternative name, whole."""
    issuer: Line


class BuildEvidence(Record, kw_only=True):
    """A piece of build evidence: its exact bytes by digest, what it is, what was verified about it at seal time."""

    digest: Sha256Hex
    format: Line
    """A row of `attest.provenance.sources`."""
    authenticated: bool
    signers: tuple[Sha256Hex, ...]
    identity: SignerIdentity | None = None
    """For evidence that was signed with a certificate."""
    builder: Line | None = None
    source: Line | None = None
    slsa_level: Count | None = None
    subjects: Annotated[tuple[Subject, ...], msgspec.Meta(max_length=4096)]
    checks: tuple[EvidenceCheck, ...]


class Artifact(Record, kw_only=True):
    """An archive that was bound to files on disk, and the evidence that speaks for it."""

    name: Line
    purl: Line | None = None
    """The package that it is of, as it says itself; for people."""
    install_scripts: tuple[Line, ...] = ()
    """What it runs when it is installed (`postinstall`, `binding.gyp`): what that makes is in no archive."""
    digest: DigestSet
    origin: Line
    evidence: tuple[Sha256Hex, ...]


class Unclaimed(Record, kw_only=True):
    """The files that no evidence answers for: those that count as `site`, by their own origin or by their inputs."""

    files: Count
    paths: Annotated[tuple[SealedPath, ...], msgspec.Meta(max_length=MAX_UNCLAIMED_PATHS)]
    """The first of them, in the order of the manifest."""

    def __post_init__(self) -> None:
        """Refuse to name fewer than there are, up to the most that are named, or more."""
        named = min(self.files, MAX_UNCLAIMED_PATHS)
        if len(self.paths) != named:
            raise MalformedError("unclaimed.paths", f"{named} of {self.files} files", f"{len(self.paths)}")


class Place(Record, kw_only=True):
    """Where a root lay at seal time: the default of `--root NAME=PATH`, proving nothing."""

    name: RootName
    path: Line


class RuntimeDemand(Record, kw_only=True):
    """The runtime that a server runs on: any valid reference of that name, of a trusted sealer, and not an older one.

    Not a digest: an update of the interpreter then needs one new reference, and no new one for each server.
    """

    name: Line
    """The `server.name` of the runtime's reference."""
    sequence: Count
    """The least `validity.sequence`: that of the reference which the sealer had."""


class MeasurementRules(Record, kw_only=True):
    """How often and how well a server has to be measured."""

    cycle_seconds: Seconds
    max_gap_seconds: Seconds
    max_age_seconds: Seconds
    window_cycles: Annotated[int, msgspec.Meta(ge=2, le=10_000)] | None = None
    """Clean cycles that one receipt may stand for, chained until then; absent: each has its own."""
    scrub_seconds: Seconds | None = None
    """The stat cache is allowed, and every file is really read again within so long; absent: in every cycle."""
    min_binding: Binding | None = None
    min_isolation: Isolation | None = None

    def check_window(self) -> None:
        """Refuse windows that are so long that their cycles are too old before anybody signs them."""
        lasting = (self.window_cycles or 1) * self.cycle_seconds
        if self.window_cycles is not None and lasting > self.max_age_seconds:
            raise MalformedError(
                "maxAgeSeconds", f"at least windowCycles times cycleSeconds, {lasting}", f"{self.max_age_seconds}"
            )


class Validity(Record, kw_only=True):
    """From when to when the reference may be used, and which ones it replaces."""

    not_before: Timestamp
    not_after: Timestamp | None = None
    ttl_seconds: Seconds | None = None
    sequence: Count
    """Anti-rollback: higher replaces lower for the same server name."""
    supersedes: tuple[Sha256Hex, ...]


class Downgrade(Record, kw_only=True):
    """The sealer's decision to seal with less evidence than a superseded reference had."""

    reason: Line
    less: Annotated[tuple[Line, ...], msgspec.Meta(min_length=1, max_length=100_000)]
    """What is known less well, one thing a line."""


class SubjectIdentifier(Record, kw_only=True):
    """The server as one name: the digest of its content and the digest of its canonical metadata."""

    content: Sha256Hex
    """The digest of the manifest."""
    metadata: Sha256Hex
    """The SHA-256 of the RFC 8785 form of `server`."""


class RuntimeReference(Record, kw_only=True):
    """What may run. A reference's own digest is the SHA-256 of its DSSE payload bytes."""

    sealed_at: Timestamp
    server: Server
    subject_identifier: SubjectIdentifier
    manifest: ManifestDescriptor
    assurance: Assurance
    evidence: Annotated[tuple[BuildEvidence, ...], msgspec.Meta(max_length=1024)]
    artifacts: Annotated[tuple[Artifact, ...], msgspec.Meta(max_length=4096)]
    unbound: Annotated[tuple[Line, ...], msgspec.Meta(max_length=100_000)]
    """Components and archives that no file on disk answers to: listed, never dropped."""
    unclaimed: Unclaimed
    """The other way round: what lies on disk and no evidence answers for."""
    outside: tuple[Line, ...]
    """What runs with the server and is not measured."""
    places: tuple[Place, ...]
    process: ProcessProfile | None = None
    program: Program | None = None
    """Set where this is the reference of a runtime, which the references of servers may name."""
    runtime: RuntimeDemand | None = None
    """The runtime that has to be measured together with this server."""
    measurement: MeasurementRules
    validity: Validity
    downgrade: Downgrade | None = None
    """Set where less is proven than in a superseded reference, and the sealer decided that this is right."""
    enforcement: Enforcement
    tools: ToolRules | None = None
    """What callers may do; absent: nothing is said of calls, and a portal permits none."""
    writers: tuple[Sha256Hex, ...]
    """The writer keys whose receipts count."""
    writer_identities: Annotated[tuple[SignerIdentity, ...], msgspec.Meta(max_length=64)] = ()
    """Whose attestation makes further keys count, each made for one job: sorted; an `@REF` may be left out."""
    derivers: Annotated[tuple[Sha256Hex, ...], msgspec.Meta(max_length=64)] = ()
    """The sealers' keys that may sign sub-mandates of it, beside those that signed it: key ids, sorted."""
    parent: Sha256Hex | None = None
    """Set where this is a sub-mandate: the digest of the reference that it is narrower than, and never used without."""

    def __post_init__(self) -> None:
        """Refuse times and rules that contradict each other, and a reference about which nobody may write."""
        identities = [(each.identity, each.issuer) for each in self.writer_identities]
        if identities != sorted(set(identities)):
            raise MalformedError("writerIdentities", "identities sorted, each once", "another order, or one twice")
        if list(self.derivers) != sorted(set(self.derivers)):
            raise MalformedError("derivers", "key ids sorted, each once", "another order, or one twice")
        if not self.writers and not identities:
            raise MalformedError("writers", "a writer key, or a certificate identity", "none")
        if self.program is not None and self.runtime is not None:
            raise MalformedError("runtime", "none in the reference of a runtime", self.runtime.name)
        instant.parse(self.sealed_at, where="sealedAt")
        start = instant.parse(self.validity.not_before, where="notBefore")
        if self.validity.not_after is not None and instant.parse(self.validity.not_after, where="notAfter") <= start:
            raise MalformedError("notAfter", "a time after notBefore", self.validity.not_after)
        if self.measurement.max_gap_seconds < self.measurement.cycle_seconds:
            raise MalformedError(
                "maxGapSeconds",
                f"at least the cycle, {self.measurement.cycle_seconds}",
                f"{self.measurement.max_gap_seconds}",
            )
        self.measurement.check_window()
        if self.is_remote:
            self._check_remote()

    @property
    def is_remote(self) -> bool:
        """Whether nobody can measure the server: no file is sealed, but who it is and how it describes its tools."""
        return self.assurance.least == NO_FILE

    def _check_remote(self) -> None:
        """Refuse what only files or a process could keep, and an upstream that anybody could be."""
        tools = self.tools
        upstream = None if tools is None else tools.upstream
        if tools is None or upstream is None:
            raise MalformedError("tools.upstream", "one, where no file is sealed", "none")
        if upstream.url.startswith("https:") and not upstream.spki and upstream.spiffe_id is None:
            raise MalformedError("tools.upstream", "a public key or a SPIFFE ID, over TLS", "neither")
        kept = (self.places, self.evidence, self.artifacts, self.unbound, self.unclaimed.paths, self.manifest.entries)
        rules = (self.measurement.scrub_seconds, tools.egress, *(tool.paths or None for tool in tools.tools))
        if any(kept) or any(each is not None for each in (self.process, self.program, self.runtime, *rules)):
            raise MalformedError("assurance.least", "no file, process, path or port to watch, with none", "some")
        action = self.enforcement.on_drift
        if action not in {Action.ALERT, Action.SAFE_STATE}:
            raise MalformedError("enforcement.onDrift", "alert or safe-state, where there is no process", action)
