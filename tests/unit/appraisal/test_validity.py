"""A RuntimeReference may be used from its first to its last instant, and within its time-to-live."""

from __future__ import annotations

import pytest

from attest.appraisal.validity import judge_validity
from attest.codec import instant
from attest.statement.digests import DigestSet
from attest.statement.enforcing import Action, Enforcement
from attest.statement.findings import FindingKind
from attest.statement.predicates.runtime_reference import (
    Assurance,
    ManifestDescriptor,
    MeasurementRules,
    RuntimeReference,
    Server,
    Share,
    SubjectIdentifier,
    Unclaimed,
    Validity,
)

START = instant.parse("2026-01-01T00:00:00.000Z")
END = instant.parse("2026-02-01T00:00:00.000Z")
NONE = Share(files=0, bytes=0)


def reference(*, ttl_seconds: int | None = None, ends: bool = True) -> RuntimeReference:
    return RuntimeReference(
        sealed_at=instant.text(START),
        server=Server(name="time"),
        subject_identifier=SubjectIdentifier(content="a" * 64, metadata="b" * 64),
        manifest=ManifestDescriptor(digest=DigestSet(sha256="a" * 64), entries=0),
        assurance=Assurance(built=NONE, listed=NONE, locked=NONE, derived=NONE, site=NONE, least="site"),
        evidence=(),
        artifacts=(),
        unbound=(),
        unclaimed=Unclaimed(files=0, paths=()),
        outside=(),
        places=(),
        measurement=MeasurementRules(cycle_seconds=10, max_gap_seconds=30, max_age_seconds=60),
        validity=Validity(
            not_before=instant.text(START),
            not_after=instant.text(END) if ends else None,
            ttl_seconds=ttl_seconds,
            sequence=1,
            supersedes=(),
        ),
        enforcement=Enforcement(on_drift=Action.ALERT, audit_only=False),
        writers=("c" * 64,),
    )


@pytest.mark.parametrize(
    ("at", "kinds"),
    [
        (START - 1, [FindingKind.NOT_YET_VALID]),
        (START, []),
        (END, []),
        (END + 1, [FindingKind.EXPIRED]),
    ],
)
def test_both_ends_belong_to_the_validity(at: int, kinds: list[FindingKind]) -> None:
    findings = judge_validity(reference(), at)
    assert [finding.kind for finding in findings] == kinds
    assert all(finding.found == instant.text(at) for finding in findings)


def test_without_an_end_it_does_not_expire() -> None:
    assert judge_validity(reference(ends=False), END + 10**12) == ()


def test_the_time_to_live_runs_from_the_first_use() -> None:
    short = reference(ttl_seconds=60)
    assert judge_validity(short, START + 120_000) == ()
    assert judge_validity(short, START + 60_000, first_used_at=START) == ()
    (finding,) = judge_validity(short, START + 60_001, first_used_at=START)
    assert finding.kind is FindingKind.EXPIRED
