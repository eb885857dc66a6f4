"""Servers that nobody can measure: a verdict says what was seen of them, and passes only where that is enough."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from attest.evidence.reports.text import render_text
from attest.evidence.verdict import Verdict
from attest.statement.levels import Binding, Isolation, Origin
from attest.statement.predicates.runtime_measurement import MeasuredUpstream
from attest.trust.document import Minima, SealRules, TrustFile
from tests.calls_story import GOVERNED, CallStory
from tests.documents import SUBJECTS
from tests.evidence_story import PROCESS, REFERENCE, Story, change, failing, judge
from tests.remote_documents import UPSTREAM, elsewhere
from tests.world import make_trust_file, trust_of

RULES: Any = GOVERNED.tools
REMOTE, _, REMOTE_SUBJECTS = elsewhere(
    change(REFERENCE, measurement__max_age_seconds=60),
    change(
        RULES,
        upstream=UPSTREAM,
        tools=tuple(change(each, paths=()) for each in RULES.tools),
        egress=None,
    ),
)
assert REMOTE.tools is not None
SHOWN = MeasuredUpstream(url=UPSTREAM.url, spki=UPSTREAM.spki[0], definitions=REMOTE.tools.definitions_digest)


def trusting(binding: Binding | None = Binding.REMOTE, **changes: Any):
    file: TrustFile = make_trust_file()
    return trust_of(change(file, minima=Minima(binding=binding, **changes)))


def told(
    folder: Path,
    *,
    reference: Any = REMOTE,
    subjects: Any = REMOTE_SUBJECTS,
    binding: Binding = Binding.REMOTE,
    **seen: Any,
) -> Verdict:
    with Story(folder, reference=reference, subjects=subjects, evidence=()) as story:
        story.binding, story.isolation = binding, Isolation.SAME_UID
        story.process = seen.get("process")
        story.upstream = seen.get("upstream", SHOWN)
        story.start().measure(3).stop()
        return judge(story.export(), references=(story.reference,), trust=seen.get("trust", trusting()))


def test_it_passes_where_the_trust_file_says_that_this_is_enough(tmp_path):
    verdict = told(tmp_path)
    assert verdict.passed, list(failing(verdict))
    assert verdict.binding is Binding.REMOTE
    assert verdict.assurance is None
    assert verdict.axes.build_link == "asserted"
    assert "no file and no process of the server was seen" in render_text([verdict])


def test_nothing_ties_it_to_a_build_unless_the_trust_file_accepts_that(tmp_path):
    verdict = told(tmp_path, trust=trusting(None))
    assert set(failing(verdict)) == {"build-link.evidence", "build-link.assurance"}
    assert verdict.axes.build_link == "unproven"


def test_a_trust_file_that_wants_more_fails_it(tmp_path):
    for number, least in enumerate((Binding.TREE, Binding.ADOPTED, Binding.LAUNCHED)):
        assert "conformance.binding" in set(failing(told(tmp_path / str(number), trust=trusting(least))))
    assert "build-link.assurance" in set(failing(told(tmp_path / "a", trust=trusting(assurance=Origin.SITE))))
    rules = change(make_trust_file(), minima=Minima(binding=Binding.REMOTE), seal_rules=SealRules(require_claimed=True))
    assert "build-link.complete" in set(failing(told(tmp_path / "b", trust=trust_of(rules))))


def test_a_reference_that_wants_more_fails_it(tmp_path):
    demanding = change(REMOTE, measurement__min_binding=Binding.TREE)
    assert "conformance.binding" in set(failing(told(tmp_path, reference=demanding)))


def test_a_server_with_files_is_never_measured_so(tmp_path):
    verdict = told(
        tmp_path,
        reference=change(REFERENCE, evidence=(), artifacts=(), measurement__min_binding=None),
        subjects=SUBJECTS[:1],
    )
    assert "conformance.binding" in set(failing(verdict))


@pytest.mark.parametrize("binding", [Binding.TREE, Binding.ADOPTED, Binding.LAUNCHED])
def test_a_server_without_files_is_measured_in_no_other_way(tmp_path, binding):
    for name, process in (("with", PROCESS), ("without", None)):
        verdict = told(tmp_path / name, binding=binding, process=process, upstream=None)
        assert "conformance.binding" in set(failing(verdict))


@pytest.mark.parametrize(
    "upstream",
    [
        None,
        change(SHOWN, url="https://other.example/mcp"),
        change(SHOWN, spki="0" * 64),
        change(SHOWN, spki=None),
        change(SHOWN, spiffe_id="spiffe://example.org/other"),
        change(SHOWN, definitions="0" * 64),
    ],
)
def test_a_match_of_another_server_or_of_other_tools_is_none(tmp_path, upstream):
    assert "conformance.binding" in set(failing(told(tmp_path, upstream=upstream)))


def test_a_call_that_went_to_another_server_than_the_one_that_answered_is_found(tmp_path):
    for name, upstream in (("sealed", SHOWN.name), ("other", "https://other.example/mcp spki 00")):
        with CallStory(tmp_path / name, reference=REMOTE, subjects=REMOTE_SUBJECTS, evidence=()) as story:
            story.binding, story.isolation = Binding.REMOTE, Isolation.SAME_UID
            story.process, story.upstream = None, SHOWN
            story.start()
            story.match()
            story.answered(upstream=upstream)
            story.stop()
            verdict = judge(story.export(), references=(story.reference,), trust=trusting())
        assert verdict.passed == (name == "sealed"), (name, list(failing(verdict)))
