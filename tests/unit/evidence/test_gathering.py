"""What verification hands over beside its verdict: bounded, and never more than was shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from attest.evidence.verify import covering
from attest.evidence.verify.calls.tally import MAX_TOOLS, Tally
from attest.evidence.verify.closing import subject_matter
from attest.evidence.verify.covering import Covering
from attest.evidence.verify.gathering import gather
from attest.evidence.verify.references import Section, sealed_of
from attest.evidence.verify.sheet import Sheet
from attest.provenance.model import VerifiedEvidence
from attest.statement.digests import Subject
from attest.trust.references import open_reference
from tests.calls_story import GOVERNED, CallStory
from tests.evidence_story import REFERENCE_DIGEST, REFERENCE_ENVELOPE, WHEEL, Story, ask, honest
from tests.policies import judged
from tests.world import NOW, TRUST

OPENED = open_reference(REFERENCE_ENVELOPE, TRUST, at=NOW, where="reference")


def covered() -> Covering:
    return Covering(sealed_of(OPENED, ask(), "reference"), Sheet(()))


def test_a_run_that_is_not_remembered_counts_as_if_nothing_covered_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(covering, "MAX_RUNS", 2)
    runs = covered()
    runs.measured(0, 100_000, own=True)
    for begin in (10, 20, 30):
        runs.bare(begin, begin + 5, "line 1")
    assert runs.largest_hole == 5
    assert runs.milliseconds == 100_000


def test_the_hole_of_a_run_is_its_longest_part_that_nothing_covers() -> None:
    runs = covered()
    for begin, end in ((10, 20), (15, 30), (50, 60), (90, 95)):
        runs.measured(begin, end, own=True)
    for begin, end, hole in ((12, 28, 0), (0, 25, 10), (25, 55, 20), (55, 200, 105), (96, 97, 1), (30, 50, 20)):
        alone = covered()
        for span in ((10, 20), (15, 30), (50, 60), (90, 95)):
            alone.measured(*span, own=False)
        alone.bare(begin, end, "line 1")
        assert alone.largest_hole == hole, (begin, end)
        assert alone.milliseconds == 0
    assert runs.milliseconds == 35


def test_more_tools_than_are_remembered_are_not_said_to_be_all(tmp_path: Path) -> None:
    with CallStory(tmp_path / "log", reference=GOVERNED) as story:
        call = story.call()
    tally = Tally()
    for number in range(MAX_TOOLS):
        tally.permit("tool.allowed", msgspec.structs.replace(call, tool=f"tool {number}"))
        tally.permit("method.allowed", msgspec.structs.replace(call, tool=f"prompt {number}", method="prompts/get"))
    assert tally.tools is not None
    assert len(tally.tools) == MAX_TOOLS
    tally.permit("tool.allowed", call)
    assert tally.tools is None


@pytest.mark.parametrize(("changes", "found"), [({}, 1), ({"authenticated": False}, 0), ({"slsa_level": None}, 0)])
def test_provenance_is_what_somebody_expected_signed_about_the_artifact(changes: dict[str, Any], found: int) -> None:
    sheet, question = Sheet(()), ask()
    section = Section(question, sheet)
    section.sealed[REFERENCE_DIGEST] = sealed_of(OPENED, question, "reference")
    subject = subject_matter(section, question, sheet, several_logs=False)
    piece = VerifiedEvidence(
        digest="ab" * 32, format="slsa", authenticated=True, slsa_level=2, subjects=(Subject(digest=WHEEL),)
    )
    good = {REFERENCE_DIGEST: [msgspec.structs.replace(piece, **changes)]}
    [measured] = gather((), subject, good).measured
    [artifact] = measured.artifacts
    assert artifact.is_built
    assert len(artifact.provenance) == found


def test_of_a_file_that_was_cut_nothing_is_gathered_that_needs_its_end(tmp_path: Path) -> None:
    whole = honest(tmp_path / "log")
    assert judged(whole).gathered.measured[0].artifacts[0].provenance
    assert not judged(whole[:-1]).gathered.measured[0].artifacts[0].provenance
    assert judged(whole[:2]).gathered.measured == ()


def test_a_violation_is_gathered_once_however_often_it_comes(tmp_path: Path) -> None:
    with Story(tmp_path / "log") as story:
        story.start().measure()
        for _ in range(3):
            story.act(story.violate())
        lines = story.stop().export()
    [deviation] = judged(lines).gathered.deviations or ()
    assert (deviation.where, deviation.kind, deviation.reference) == ("tree/server.py", "changed", REFERENCE_DIGEST)
