"""Anchors in an evidence bundle: what a log held is known to have existed by then, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.codec import instant
from attest.codec.octets import from_base64, to_base64
from attest.errors import MalformedError
from attest.evidence.grammar import Tier
from attest.evidence.reports.text import render_text
from attest.evidence.segment import close_log
from attest.evidence.show import show
from attest.evidence.verdict import Verdict
from attest.fetch.anchoring import anchor_log
from attest.signing.timestamps import make_request
from attest.tlog.anchors.anchor import keep_anchor, kept_anchors
from attest.tlog.anchors.checking import check_anchors
from attest.tlog.checkpoint import read_checkpoint_unverified, sign_checkpoint
from attest.tlog.documents import Documents
from tests.evidence_story import Story, export_all, failing, judge, reseal, rewrite
from tests.logs import read_log
from tests.policies import held
from tests.time_stamping import MINUTE, OTHER, OTHER_ROOT, TRUST, answer_to, pem_of, serving, stamping, trusting
from tests.world import NOW, STRANGER
from tests.world import TRUST as WITHOUT_AUTHORITY

CHECK = "freshness.anchor"
FIRST, SECOND = NOW - 8 * MINUTE, NOW - 5 * MINUTE


def anchor(story: Story, at: int) -> None:
    """Have what the story told until now anchored at a time of the authority's, in whole seconds."""
    story.checkpoint()
    with serving(stamping(at=at)) as url:
        anchor_log(story.folder, url, TRUST, now=lambda: at)


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """The bundle over an honest log that was anchored twice."""
    with Story(tmp_path_factory.mktemp("anchored") / "log") as told:
        told.start().measure(3)
        anchor(told, FIRST)
        told.measure(4)
        anchor(told, SECOND)
        return told.measure(2).stop().export()


def verdict_of(lines: list[bytes], **question: Any) -> Verdict:
    return judge(lines, **{"trust": TRUST, **question})


def detail(verdict: Verdict, check: str = CHECK) -> str:
    (found,) = [each.detail for each in verdict.checks if each.id == check]
    return found


def kinds(lines: list[bytes]) -> list[str]:
    return [json.loads(line)["kind"] for line in lines]


def test_the_verdict_says_by_when_how_much_of_the_log_existed(lines: list[bytes]):
    assert kinds(lines)[-4:] == ["checkpoint", "anchor", "anchor", "end"]
    verdict = verdict_of(lines)
    assert list(failing(verdict)) == []
    assert verdict.anchored == instant.text(SECOND)
    assert detail(verdict).startswith("8 entries of attest.log/")
    assert detail(verdict).endswith(f" existed by {instant.text(SECOND)}, says CN=tsa root")
    assert f"anchored    {detail(verdict)}\n" in render_text([verdict])


def test_without_an_anchor_there_is_no_check_of_one(tmp_path: Path):
    with Story(tmp_path / "log") as told:
        verdict = verdict_of(told.start().measure(2).stop().export())
    assert verdict.anchored is None
    assert CHECK not in {each.id for each in verdict.checks}


def test_a_trust_file_without_authorities_concludes_nothing_from_anchors(lines: list[bytes]):
    verdict = verdict_of(lines, trust=WITHOUT_AUTHORITY)
    assert verdict.passed
    assert verdict.anchored is None
    assert verdict.axes.freshness == "asserted"
    assert "2 anchors, and the trust file names no authority" in detail(verdict)


def test_a_structural_bundle_is_anchored_as_well(tmp_path: Path):
    with Story(tmp_path / "log") as told:
        told.start().measure(3)
        anchor(told, FIRST)
        verdict = verdict_of(told.measure(2).stop().export(Tier.STRUCTURAL), tier=Tier.STRUCTURAL)
    assert list(failing(verdict)) == []
    assert verdict.anchored == instant.text(FIRST)


def forged(lines: list[bytes], **changes: Any) -> list[bytes]:
    """The first anchor with other fields."""
    return rewrite(lines, "anchor", lambda line: line.update(changes))


def test_an_anchor_of_another_authority_fails(lines: list[bytes]):
    verdict = verdict_of(lines, trust=trusting(pem_of(OTHER, OTHER_ROOT)))
    assert set(failing(verdict)) == {CHECK}
    assert verdict.anchored is None


Edit = Callable[[list[bytes]], list[bytes]]


def other_stamp(lines: list[bytes]) -> list[bytes]:
    """The stamp over the second checkpoint with the note of the first."""
    second = json.loads([line for line in lines if b'"kind":"anchor"' in line][1])
    return forged(lines, answer=second["answer"])


def signed_anew(lines: list[bytes], **changes: Any) -> list[bytes]:
    """The first anchor's checkpoint with other fields, signed by a stranger, with a stamp that is right."""
    first = json.loads(next(line for line in lines if b'"kind":"anchor"' in line))
    claimed = read_checkpoint_unverified(first["note"].encode(), where="note")
    note = sign_checkpoint(msgspec.structs.replace(claimed, **changes), STRANGER)
    return forged(lines, note=note.decode(), answer=to_base64(stamp_of(note, FIRST)))


def stamp_of(note: bytes, at: int) -> bytes:
    return answer_to(make_request(note).octets, at=at)


FORGED: dict[str, Edit] = {
    "a stamp over another checkpoint": other_stamp,
    "a checkpoint by a stranger": signed_anew,
    "a checkpoint of another tree": lambda lines: signed_anew(lines, root=b"\x01" * 32),
    "a checkpoint of another log": lambda lines: signed_anew(lines, origin="attest.log/else"),
    "another proof": lambda lines: forged(lines, proof=["0" * 64]),
    "no proof": lambda lines: forged(lines, proof=[]),
    "a cut stamp": lambda lines: forged(
        lines, answer=to_base64(from_base64(json.loads(lines[kinds(lines).index("anchor")])["answer"], where="")[:-3])
    ),
}


@pytest.mark.parametrize("fault", FORGED)
def test_an_anchor_that_does_not_hold_fails(lines: list[bytes], fault: str):
    verdict = verdict_of(FORGED[fault](lines))
    failed = set(failing(verdict))
    assert failed in ({CHECK}, {"integrity.grammar"}), failed
    assert not verdict.passed


def test_a_log_that_was_written_anew_by_its_own_writer_loses_its_anchor(lines: list[bytes], tmp_path: Path):
    """What anchors are for: whoever holds the key signs any history, but none that was seen before."""
    with Story(tmp_path / "log") as told:
        told.start().measure(2).violate()
        anew = told.measure(5).stop().export()
    anchors = [line for line in lines if b'"kind":"anchor"' in line]
    assert list(failing(verdict_of(anew))) != [CHECK]
    verdict = verdict_of(reseal([*anew[:-1], *anchors, anew[-1]]))
    assert CHECK in set(failing(verdict))
    assert verdict.anchored is None


def test_anchors_stand_in_order_and_behind_their_log(lines: list[bytes]):
    *before, first, second, end = lines
    for changed in (
        [*before, second, first, end],
        [*before, first, first, second, end],
        [*before[:-1], first, before[-1], end],
    ):
        assert "integrity.grammar" in set(failing(verdict_of(reseal(changed))))


def test_a_file_that_was_cut_behind_its_anchors_is_not_anchored(lines: list[bytes]):
    verdict = verdict_of(lines[:-1])
    assert "integrity.end-line" in set(failing(verdict))
    assert verdict.anchored is None


def test_a_stamp_from_the_future_fails(lines: list[bytes]):
    verdict = verdict_of(lines, at=FIRST - 5 * MINUTE, max_evidence_age=2**53)
    assert CHECK in set(failing(verdict))


@given(choice=st.data())
def test_no_change_of_one_byte_of_an_anchor_gives_another_time(lines: list[bytes], choice: st.DataObject):
    at = kinds(lines).index("anchor") + 1
    line = lines[at]
    place = choice.draw(st.integers(0, len(line) - 2))
    other = choice.draw(st.integers(0, 255).filter(lambda value: value not in {line[place], 10}))
    changed = [*lines[:at], line[:place] + bytes([other]) + line[place + 1 :], *lines[at + 1 :]]
    verdict = verdict_of(reseal(changed))
    assert not verdict.passed or verdict.anchored == instant.text(SECOND)


def test_several_logs_are_anchored_as_long_ago_as_the_one_that_is_worst_off(tmp_path: Path):
    with Story(tmp_path / "one") as one, Story(tmp_path / "two") as two:
        for told in (one.start().measure(2), two.start().measure(2)):
            told.checkpoint()
        anchor(one, FIRST)
        assert verdict_of(export_all([one.stop(), two])).anchored is None
        anchor(two, SECOND)
        verdict = verdict_of(export_all([one, two.stop()]))
    assert verdict.anchored == instant.text(FIRST)
    assert list(failing(verdict)) == []


def test_a_part_of_a_log_brings_the_anchors_of_that_part(tmp_path: Path):
    with Story(tmp_path / "log") as told:
        told.start().measure(2)
        anchor(told, FIRST)
        pin = told.checkpoint()
        assert kinds(told.measure(2).export(since=pin)).count("anchor") == 0
        anchor(told, SECOND)
        verdict = verdict_of(told.export(since=pin), checkpoints=(pin,))
    assert list(failing(verdict)) == []
    assert verdict.anchored == instant.text(SECOND)


def test_a_closed_segment_keeps_its_anchors_and_the_log_goes_on(tmp_path: Path):
    with Story(tmp_path / "log") as told:
        told.start().measure(2)
        anchor(told, FIRST)
        told.stop().checkpoint()
    segment = tmp_path / "segment.jsonl"
    close_log(told.folder, segment, TRUST, at=NOW, counted=lambda lines, _what: lines)
    verdict = verdict_of(segment.read_bytes().splitlines(keepends=True))
    assert verdict.anchored == instant.text(FIRST)
    assert check_anchors(read_log(told.folder), Documents(told.folder)) == ()


def test_a_policy_may_demand_a_young_anchor(lines: list[bytes]):
    for limit, passes in ((300, True), (299, False)):
        [verdict] = held(f"[required]\nmax-anchor-age-seconds = {limit}", lines, trust=TRUST)
        assert verdict.passed is passes
        assert ("policy.anchored" in set(failing(verdict))) is not passes
    [verdict] = held("[required]\nmax-anchor-age-seconds = 300", lines)
    assert set(failing(verdict)) == {"policy.anchored"}


def test_an_anchor_is_shown_and_not_verified(lines: list[bytes]):
    shown = [line for line in show(b"".join(lines)) if "anchor over attest.log/" in line]
    assert [line.partition(", rfc3161: ")[2] for line in shown] == [instant.text(FIRST), instant.text(SECOND)]
    cut = show(b"".join(FORGED["a cut stamp"](lines)))
    assert sum(line.endswith("rfc3161: no time that can be read") for line in cut) == 1


def test_an_anchor_is_shown_where_it_lies(tmp_path: Path):
    with Story(tmp_path / "log") as told:
        anchor(told.start(), FIRST)
    [file] = (told.folder / "documents").glob("anchor-*")
    heading, name, line = show(file.read_bytes())
    assert heading.startswith("NOT VERIFIED")
    assert name == "anchor"
    assert line.endswith(f", rfc3161: {instant.text(FIRST)}")


def test_a_log_is_checked_together_with_its_anchors(tmp_path: Path):
    with Story(tmp_path / "log") as told, Story(tmp_path / "other") as other:
        told.start().measure(2)
        other.start().measure(2)
        anchor(told, FIRST)
        note = other.recorder.checkpoint().result()
        keep_anchor(Documents(told.folder), "rfc3161", note, stamp_of(note, FIRST))
        keep_anchor(Documents(told.folder), "rfc3161", note, b"no stamp")
        problems = [str(each) for each in check_anchors(read_log(told.folder), Documents(told.folder))]
    assert len(problems) == 2
    assert any("expected log attest.log/" in each for each in problems)
    assert any("an RFC 3161 timestamp response" in each for each in problems)


def test_an_anchor_that_was_changed_where_it_lies_is_told(tmp_path: Path):
    with Story(tmp_path / "log") as told:
        told.start().measure(2)
        anchor(told, FIRST)
        documents = Documents(told.folder)
        [digest] = documents.digests("anchor")
        path = told.folder / "documents" / f"anchor-{digest}"
        path.write_bytes(path.read_bytes().replace(b"rfc3161", b"rfc3162"))
        [problem] = check_anchors(read_log(told.folder), documents)
        assert digest in str(problem)
        with pytest.raises(MalformedError, match="the anchor with that SHA-256"):
            kept_anchors(documents)
