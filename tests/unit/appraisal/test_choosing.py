"""Whether files are as another reference seals them, told from what was found by it."""

from __future__ import annotations

import pytest

from attest.appraisal.choosing import ON_DISK, UNUSABLE, as_updated, is_as_sealed_on_disk
from attest.appraisal.state import make_finding, make_findings
from attest.statement.findings import FindingKind, Findings
from attest.statement.states import State


def found(*kinds: FindingKind) -> Findings:
    return make_findings([make_finding(kind, "somewhere") for kind in kinds])


@pytest.mark.parametrize("kind", sorted(ON_DISK | UNUSABLE))
def test_one_finding_about_a_file_or_the_reference_is_enough(kind: FindingKind) -> None:
    assert not is_as_sealed_on_disk(found(FindingKind.ARGUMENTS, kind))


def test_what_the_process_is_does_not_matter() -> None:
    assert is_as_sealed_on_disk(found(*(set(FindingKind) - ON_DISK - UNUSABLE)))


def test_findings_that_are_not_all_here_prove_nothing() -> None:
    assert not is_as_sealed_on_disk(Findings(state=State.DRIFT, findings=(), total=1))


def test_an_update_takes_the_place_of_what_is_otherwise_on_disk_and_of_nothing_else() -> None:
    before = found(FindingKind.CHANGED, FindingKind.EXTRA, FindingKind.EXECUTABLE_REPLACED)
    after = as_updated(before, running="one", on_disk="other")
    assert {each.kind for each in after.findings} == {FindingKind.UPDATED, FindingKind.EXECUTABLE_REPLACED}
    assert after.state is State.STALE
    worse = as_updated(found(FindingKind.CHANGED, FindingKind.PATCHED), running="one", on_disk="other")
    assert worse.state is State.DRIFT
