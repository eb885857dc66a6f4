"""What is said of all subjects of a result holds for each of them; what one file shows about a subject is shown."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from attest.errors import RefusedError
from attest.evidence.grammar import Tier
from attest.evidence.results.conclusion import Conclusion, conclude
from attest.evidence.verdict import PathKind, Status, Verdict
from attest.statement.digests import DigestSet, Subject
from attest.statement.levels import Binding, Isolation
from tests.evidence_story import WHEEL, Story, honest, judge

OTHER = DigestSet(sha256="0" * 64)


@pytest.fixture(scope="module")
def verdict(tmp_path_factory: pytest.TempPathFactory) -> Verdict:
    return judge(honest(tmp_path_factory.mktemp("log")))


@pytest.fixture(scope="module")
def structural(tmp_path_factory: pytest.TempPathFactory) -> Verdict:
    with Story(tmp_path_factory.mktemp("log")) as story:
        return judge(story.start().measure().stop().export(Tier.STRUCTURAL), tier=Tier.STRUCTURAL)


def _about(verdict: Verdict, digest: DigestSet) -> Verdict:
    """Return the same verdict about another artifact, built as the first one was."""
    told = tuple(replace(each, about=(digest,)) for each in verdict.attestations)
    return replace(verdict, subjects=(Subject(digest=digest, name="other.whl"),), attestations=told)


def _levels(*verdicts: Verdict) -> tuple[str, ...]:
    return conclude(verdicts, ()).levels


def test_the_least_level_of_all_subjects_counts(verdict: Verdict):
    wheel = _about(verdict, WHEEL)
    low = _about(verdict, OTHER)
    low = replace(low, attestations=tuple(replace(each, slsa_level=1) for each in low.attestations))
    assert conclude([wheel], ()).slsa_level == 2
    assert conclude([wheel, low], ()).slsa_level == 1
    assert conclude([wheel, replace(low, attestations=())], ()).slsa_level is None


def test_of_several_files_about_one_subject_the_best_counts(verdict: Verdict):
    weak = replace(verdict, binding=Binding.TREE, isolation=Isolation.SAME_UID)
    assert _levels(weak) == ("MCP_ATTEST_RUNTIME_TREE", "MCP_ATTEST_ISOLATION_SAME_UID")
    assert _levels(weak, verdict) == ("MCP_ATTEST_RUNTIME_ADOPTED", "MCP_ATTEST_ISOLATION_OTHER_UID")
    assert _levels(_about(weak, OTHER), verdict) == _levels(weak)


def test_a_structural_verdict_shows_no_measurement(structural: Verdict, verdict: Verdict):
    assert structural.passed
    about = replace(structural, subjects=verdict.subjects)
    shown: Conclusion = conclude([about], ())
    assert shown.levels == ()
    assert "MCP_ATTEST_INTEGRITY" in shown.properties
    assert not {"MCP_ATTEST_CONFORMANCE", "MCP_ATTEST_CONFORMANCE_MATCHED"} & set(shown.properties)


def test_drift_that_somebody_excused_leaves_no_level_of_measurement(verdict: Verdict):
    excused = replace(verdict, axes=replace(verdict.axes, conformance=Status.ASSERTED))
    assert excused.binding is not None
    assert _levels(excused) == ()


def test_the_way_of_the_calls_is_a_level_only_if_it_was_the_sole_one(verdict: Verdict):
    assert "MCP_ATTEST_PATH_SOLE" in _levels(replace(verdict, path=PathKind.SOLE))
    assert not [each for each in _levels(replace(verdict, path=PathKind.ADVISORY)) if "PATH" in each]


def test_a_property_that_one_file_only_asserts_is_not_in_the_result(verdict: Verdict):
    name = "conformance.matched"
    checks = [replace(each, status=Status.ASSERTED) if each.id == name else each for each in verdict.checks]
    doubtful = replace(verdict, checks=tuple(checks))
    assert "MCP_ATTEST_CONFORMANCE_MATCHED" in conclude([verdict], ()).properties
    assert "MCP_ATTEST_CONFORMANCE_MATCHED" not in conclude([verdict, doubtful], ()).properties


def test_a_property_of_one_subject_is_not_one_of_all(verdict: Verdict):
    few = replace(_about(verdict, OTHER), checks=verdict.checks[:3])
    assert "MCP_ATTEST_CONFORMANCE_MATCHED" not in conclude([verdict, few], ()).properties


def test_a_result_is_about_something_that_has_a_digest(structural: Verdict):
    with pytest.raises(RefusedError):
        conclude([structural], ())


def test_a_named_artifact_is_the_subject(verdict: Verdict):
    [subject] = conclude([verdict], (WHEEL,)).subjects
    assert subject.digest == WHEEL
