"""Exceptions: what they excuse, for how long, and what nothing can excuse."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from attest.errors import MalformedError
from attest.evidence.grammar import Tier
from attest.evidence.policy.excusing import MATCHED
from attest.evidence.policy.rules import RULES
from attest.evidence.verdict import Verdict
from attest.evidence.verify.checks import CHECKS
from attest.evidence.verify.sheet import NOT_REACHED
from attest.statement.findings import Finding, FindingKind, Findings
from attest.statement.states import State
from tests.evidence_story import REFERENCE_DIGEST, Story, honest, rewrite
from tests.policies import TODAY, TOMORROW, YESTERDAY, check_of, exception, held, judged, policy_of
from tests.world import NOW

BY_REFERENCE = f'reference = "sha256:{REFERENCE_DIGEST}"'
OTHER = f'reference = "sha256:{"0" * 64}"'
NO_SITE = "[site]\nallowed = []\n"


def one(text: str, lines: Sequence[bytes], **changes: Any) -> Verdict:
    [verdict] = held(text, lines, **changes)
    return verdict


def drifted(folder: Path, *findings: Finding, state: State = State.DRIFT, total: int | None = None) -> list[bytes]:
    with Story(folder) as story:
        story.start().measure(2)
        found = Findings(state=state, findings=findings, total=len(findings) if total is None else total)
        sequence = story.violate(found)
        if state is State.DRIFT:
            story.act(sequence)
        return story.measure().stop().export()


def changed(where: str, kind: FindingKind = FindingKind.CHANGED) -> Finding:
    return Finding(kind=kind, where=where, expected="sha256 aa", found="sha256 bb")


def test_what_a_policy_demands_is_excused_and_asserted_with_the_reason_until_its_last_day_is_over(
    tmp_path: Path,
) -> None:
    lines = honest(tmp_path / "log")
    assert not one(NO_SITE, lines).passed
    for day in (TODAY, TOMORROW):
        verdict = one(NO_SITE + exception("policy.site", expires=day), lines)
        assert verdict.passed
        check = check_of(verdict, "policy.site")
        assert check.status == verdict.axes.policy == "asserted"
        assert f"excused until {day}: until it is mended" in check.detail
        assert check.found == "tree/zoneinfo"


def test_an_exception_ends_with_its_last_day_in_utc(tmp_path: Path) -> None:
    lines = honest(tmp_path / "log")
    text = NO_SITE + exception("policy.site", expires=TODAY)
    midnight = NOW + 12 * 3_600_000
    assert one(text, lines, at=midnight - 1).passed
    assert not one(text, lines, at=midnight).passed


def test_an_expired_exception_excuses_nothing_and_fails_even_where_nothing_had_to_be_excused(tmp_path: Path) -> None:
    lines = honest(tmp_path / "log")
    verdict = one(NO_SITE + exception("policy.site", expires=YESTERDAY), lines)
    assert check_of(verdict, "policy.site").status == "fail"
    assert check_of(verdict, "policy.exceptions").status == "fail"
    kept = one('[site]\nallowed = ["*"]\n' + exception("policy.site", expires=YESTERDAY), lines)
    assert not kept.passed
    assert check_of(kept, "policy.exceptions").found == YESTERDAY


@pytest.mark.parametrize(
    ("more", "excused"),
    [
        (BY_REFERENCE, True),
        (OTHER, False),
        ('paths = ["tree/zone*"]', True),
        ('paths = ["zoneinfo"]', True),
        ('paths = ["tree/other"]', False),
        (f'{BY_REFERENCE}\npaths = ["tree/*"]', True),
        (f'{OTHER}\npaths = ["tree/*"]', False),
    ],
)
def test_an_exception_covers_its_reference_and_its_paths_alone(tmp_path: Path, more: str, *, excused: bool) -> None:
    verdict = one(NO_SITE + exception("policy.site", more=more), honest(tmp_path / "log"))
    assert verdict.passed is excused
    assert verdict.policy is not None
    assert [each.excused for each in verdict.policy.exceptions] == [int(excused)]


def test_what_one_exception_leaves_another_may_cover_and_what_all_leave_fails(tmp_path: Path) -> None:
    lines = honest(tmp_path / "log")
    text = "[measured]\nmin-cycles = 9\n[calls]\nmin-permitted = 1\n"
    both = one(text + exception("policy.measured") + exception("policy.calls"), lines)
    assert both.passed
    assert not one(text + exception("policy.measured"), lines).passed
    assert one(text + exception("policy.measured", "policy.calls"), lines).passed


def test_an_exception_that_excuses_nothing_is_told(tmp_path: Path) -> None:
    verdict = one("[measured]\nmin-cycles = 1\n" + exception("policy.measured"), honest(tmp_path / "log"))
    assert verdict.passed
    assert verdict.policy is not None
    assert [each.excused for each in verdict.policy.exceptions] == [0]


@pytest.mark.parametrize("check", [check for check in CHECKS if check not in RULES and check != MATCHED])
def test_no_check_by_which_forged_evidence_is_told_from_honest_can_be_excused(check: str) -> None:
    with pytest.raises(MalformedError, match="conformance") as caught:
        policy_of(exception(check))
    assert caught.value.where.endswith("exceptions, number 1: checks")


def test_every_check_of_integrity_and_authenticity_is_among_those() -> None:
    assert not {check.axis for check in CHECKS.values() if check.id in {*RULES, MATCHED}} - {"policy", "conformance"}


@pytest.mark.parametrize(
    ("check", "more"),
    [
        ("policy.tier", BY_REFERENCE),
        ("policy.tier", 'paths = ["tree/x"]'),
        ("policy.build", 'paths = ["tree/x"]'),
        (MATCHED, ""),
        (MATCHED, "paths = []"),
        (MATCHED, 'paths = ["*"]'),
        (MATCHED, 'paths = ["tree/*"]'),
        (MATCHED, 'paths = ["tree/cache/*", "?ree/x"]'),
        (MATCHED, 'paths = ["[t]ree/x/y"]'),
    ],
)
def test_an_exception_that_could_not_be_meant_so_is_refused(check: str, more: str) -> None:
    with pytest.raises(MalformedError):
        policy_of(exception(check, more=more))


@pytest.mark.parametrize("check", ["policy.sites", "conformance.match"])
def test_a_check_that_is_not_there_is_refused_with_the_one_that_was_meant(check: str) -> None:
    with pytest.raises(MalformedError) as caught:
        policy_of(exception(check, more='paths = ["tree/a/b"]'))
    assert str(caught.value.hint).startswith("did you mean ")


KNOWN = exception(MATCHED, more='paths = ["tree/cache/*"]')


def test_known_drift_of_named_files_is_excused_and_stays_to_be_seen(tmp_path: Path) -> None:
    lines = drifted(tmp_path / "log", changed("tree/cache/a"), changed("tree/cache/b/c", FindingKind.EXTRA))
    assert not judged(lines).verdict.passed
    verdict = one(KNOWN, lines)
    assert verdict.passed
    assert verdict.axes.conformance == "asserted"
    assert verdict.policy is not None
    assert verdict.policy.exceptions[0].excused == 2
    check = check_of(verdict, MATCHED)
    assert check.detail.startswith("excused until ")
    assert "tree/cache/a" in check.detail
    assert check.where is not None


@pytest.mark.parametrize(
    "findings",
    [
        (changed("tree/server.py"),),
        (changed("tree/cache/a"), changed("tree/server.py")),
        (changed("tree/cache/a", FindingKind.MAPPED_CHANGED),),
        (changed("tree/cache/a", FindingKind.SPECIAL_MODE),),
        (changed("tree/cache/a", FindingKind.UNREADABLE),),
        (changed("process", FindingKind.EXECUTABLE_OTHER),),
        (),
    ],
)
def test_any_other_drift_beside_it_is_not(tmp_path: Path, findings: tuple[Finding, ...]) -> None:
    verdict = one(KNOWN, drifted(tmp_path / "log", *findings))
    assert not verdict.passed
    assert check_of(verdict, MATCHED).status == "fail"


@pytest.mark.parametrize("state", [State.UNKNOWN, State.STALE])
def test_a_state_in_which_nobody_knows_is_no_known_drift(tmp_path: Path, state: State) -> None:
    assert not one(KNOWN, drifted(tmp_path / "log", changed("tree/cache/a"), state=state)).passed


def test_findings_that_are_not_written_out_are_not_excused(tmp_path: Path) -> None:
    assert not one(KNOWN, drifted(tmp_path / "log", changed("tree/cache/a"), total=2)).passed


def test_drift_of_another_reference_than_the_named_one_is_not_excused(tmp_path: Path) -> None:
    lines = drifted(tmp_path / "log", changed("tree/cache/a"))
    assert one(exception(MATCHED, more=f'{BY_REFERENCE}\npaths = ["tree/cache/*"]'), lines).passed
    assert not one(exception(MATCHED, more=f'{OTHER}\npaths = ["tree/cache/*"]'), lines).passed


def test_more_different_findings_than_are_remembered_are_not_excused(tmp_path: Path) -> None:
    found = [changed(f"tree/cache/{number:04}") for number in range(999)]
    assert one(KNOWN, drifted(tmp_path / "some", *found)).passed
    with Story(tmp_path / "many") as story:
        story.start().measure()
        for part in (found, [changed(f"tree/cache/x{number}") for number in range(2)]):
            story.act(story.violate(Findings(state=State.DRIFT, findings=tuple(part), total=len(part))))
        lines = story.measure().stop().export()
    assert not one(KNOWN, lines).passed


def test_a_violation_that_entries_alone_show_is_not_excused(tmp_path: Path) -> None:
    with Story(tmp_path / "log") as story:
        story.start().measure()
        story.act(story.violate(Findings(state=State.DRIFT, findings=(changed("tree/cache/a"),), total=1)))
        lines = story.measure().stop().export(Tier.STRUCTURAL)
    assert not one(KNOWN, lines, tier=Tier.STRUCTURAL).passed


def test_what_was_not_reached_is_not_excused(tmp_path: Path) -> None:
    lines = drifted(tmp_path / "log", changed("tree/cache/a"))
    verdict = one(KNOWN, lines[:-3])
    assert check_of(verdict, MATCHED).status == "fail"
    assert not verdict.passed


def test_what_was_not_reached_is_not_excused_even_in_a_file_that_is_whole(tmp_path: Path) -> None:
    seen = judged(drifted(tmp_path / "log", changed("tree/cache/a")))
    checks = tuple(
        msgspec.structs.replace(check, detail=NOT_REACHED) if check.id == MATCHED else check
        for check in seen.verdict.checks
    )
    planted = msgspec.structs.replace(seen, verdict=msgspec.structs.replace(seen.verdict, checks=checks))
    [verdict] = held(KNOWN, planted)
    assert check_of(verdict, MATCHED).status == "fail"


def test_a_violation_that_somebody_wrote_anew_is_not_excused(tmp_path: Path) -> None:
    """Whatever an exception says of the drift: the receipt is not the writer's any more."""
    lines = drifted(tmp_path / "log", changed("tree/cache/a"))
    number = next(at for at, line in enumerate(lines) if b"runtime-violation" in line)
    index = sum(b'"kind":"entry"' in line for line in lines[:number])

    def forge(value: dict[str, object]) -> None:
        receipt = value["receipt"]
        assert isinstance(receipt, dict)
        receipt["signatures"][0]["sig"] = "A" * 86 + "=="

    verdict = one(KNOWN, rewrite(lines, "entry", forge, index))
    assert not verdict.passed
    assert verdict.axes.authenticity == "fail"


def test_an_excused_drift_does_not_prove_the_axis(tmp_path: Path) -> None:
    lines = drifted(tmp_path / "log", changed("tree/cache/a"))
    verdict = one('[required]\nproven-axes = ["conformance"]\n' + KNOWN, lines)
    assert check_of(verdict, "policy.axes").status == "fail"
