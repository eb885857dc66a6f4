"""What verification saw beside its verdict: what a gate policy asks for, and no check of evidence alone does."""

from typing import TYPE_CHECKING

import msgspec

from attest.evidence.verdict import Verdict
from attest.evidence.verify.references import Sealed
from attest.statement.digests import DigestSet
from attest.statement.levels import Binding, Isolation

if TYPE_CHECKING:
    from attest.statement.findings import FindingKind


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """What one authenticated piece of evidence says of who built something."""

    slsa_level: int
    builders: tuple[str, ...]
    """The builder's id, and the identity of its certificate."""


class BuiltArtifact(msgspec.Struct, frozen=True, kw_only=True):
    """An artifact of a reference, and the provenance that is about its digest, verified again."""

    name: str
    digest: DigestSet
    is_built: bool
    """Whether it was sealed as `built`."""
    provenance: tuple[Provenance, ...]


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen of one expected reference, over all logs of a file."""

    sealed: Sealed
    measurements: int = 0
    cycles: int = 0
    """Clean ones, those that share a receipt included."""
    newest: int | None = None
    """When the newest measurement began, milliseconds since 1970."""
    milliseconds: int = 0
    """How long runs lasted in which it was measured, each moment once."""
    largest_gap: int | None = None
    """The longest time inside a run without a measurement, milliseconds; None if nothing of it was measured."""
    binding: Binding | None = None
    isolation: Isolation | None = None
    artifacts: tuple[BuiltArtifact, ...] = ()


class Deviation(msgspec.Struct, frozen=True, kw_only=True):
    """A finding of a violation, or something of it that is no drift of a named thing: then it has no place."""

    reference: str | None
    kind: "FindingKind | None"
    where: str | None


class Gathered(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen in one file; of build evidence and of a single receipt, nothing."""

    measured: tuple[Measured, ...] = ()
    runtimes: tuple[Sealed, ...] = ()
    logs: tuple[str, ...] = ()
    """The origins of its logs."""
    tools: tuple[str, ...] | None = None
    """The tools that were called, sorted; None where the receipts are not there, or where they were too many."""
    deviations: tuple[Deviation, ...] | None = ()
    """Of all violations, each once; None where they were too many, or not to be seen."""


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """A verdict, and what was seen on the way to it."""

    verdict: Verdict
    gathered: Gathered
