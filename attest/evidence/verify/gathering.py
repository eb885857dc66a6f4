"""Gather what was seen in a bundle, once it was read to its end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from attest.evidence.verify.calling import Calling
from attest.evidence.verify.closing import SubjectMatter
from attest.evidence.verify.gathered import BuiltArtifact, Deviation, Gathered, Measured, Provenance
from attest.evidence.verify.log import LogJudge
from attest.evidence.verify.pace import Pace
from attest.provenance.model import VerifiedEvidence
from attest.statement.levels import Origin

Good = Mapping[str, Sequence[VerifiedEvidence]]
"""By the digest of an expected reference: its build evidence, as far as it was there and holds."""


def gather(logs: Sequence[LogJudge], subject: SubjectMatter | None, good: Good) -> Gathered:
    """Return what was seen; without a subject matter, and at the structural tier, hardly more than the logs."""
    origins = tuple(log.chain.origin for log in logs)
    if subject is None:
        return Gathered(logs=origins)
    return Gathered(
        measured=tuple(_measured(pace, logs, good.get(digest, ())) for digest, pace in subject.paces.items()),
        runtimes=tuple(subject.runtimes.used.values()),
        logs=origins,
        tools=_tools(subject.calling),
        deviations=_deviations(logs),
    )


def _measured(pace: Pace, logs: Iterable[LogJudge], good: Sequence[VerifiedEvidence]) -> Measured:
    shared = sum(log.windows.shared.get(pace.sealed.digest, 0) for log in logs)
    return Measured(
        sealed=pace.sealed,
        measurements=pace.measurements,
        cycles=pace.measurements + shared,
        newest=pace.newest,
        milliseconds=pace.covering.milliseconds,
        largest_gap=max(pace.largest_gap, pace.covering.largest_hole) if pace.measurements else None,
        binding=pace.binding,
        isolation=pace.isolation,
        artifacts=tuple(
            BuiltArtifact(
                name=artifact.name,
                digest=artifact.digest,
                is_built=artifact.origin == Origin.BUILT,
                provenance=tuple(
                    _provenance(piece)
                    for piece in good
                    if piece.authenticated
                    and (piece.slsa_level is not None or piece.builder is not None)
                    and any(subject.digest.matches(artifact.digest) for subject in piece.subjects)
                ),
            )
            for artifact in pace.sealed.reference.artifacts
        ),
    )


def _provenance(piece: VerifiedEvidence) -> Provenance:
    signer = None if piece.identity is None else piece.identity.identity
    names = [name for name in (piece.builder, signer) if name is not None]
    return Provenance(slsa_level=piece.slsa_level or 0, builders=tuple(dict.fromkeys(names)))


def _tools(calling: Calling) -> tuple[str, ...] | None:
    tools = calling.tools()
    return None if tools is None else tuple(sorted(tools))


def _deviations(logs: Iterable[LogJudge]) -> tuple[Deviation, ...] | None:
    found: list[Deviation] = []
    for log in logs:
        here = log.violations.found
        if here is None:
            return None
        found += here
    return tuple(dict.fromkeys(found))
