"""What a policy demands is shown, or its check fails: each rule on evidence that keeps it, and on other evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from attest.evidence.grammar import Tier
from attest.evidence.policy.rules import RULES
from attest.evidence.verdict import Verdict
from attest.statement.levels import Binding, Isolation
from attest.statement.predicates.runtime_reference import Unclaimed
from tests import build_cases, build_files, documents
from tests.calls_story import AUDIT_ONLY, GOVERNED, CallStory
from tests.evidence_story import REFERENCE, REFERENCE_DIGEST, Story, change, export_all, honest, seal
from tests.policies import check_of, held, judged, policy_checks, policy_of
from tests.unit.evidence.test_composed import RUNTIME
from tests.unit.evidence.test_composed import story as on_runtime
from tests.world import BUILDER_ID, NOW

BUILT: dict[str, Any] = {
    "trust": build_files.TRUST,
    "artifacts": (build_files.WHEEL,),
    "references": (),
    "expectations": build_cases.EXPECTED,
}
"""What is asked about a file of build evidence."""
OTHER = "sha256:" + "0" * 64


def one(text: str, lines: list[bytes], **changes: Any) -> Verdict:
    [verdict] = held(text, lines, **changes)
    return verdict


def failed(verdict: Verdict, check: str) -> bool:
    """Whether one check failed, and the verdict because of it alone."""
    assert {each.id for each in verdict.checks if each.status in {"fail", "unproven"}} <= {check}
    bad = check_of(verdict, check).status in {"fail", "unproven"}
    assert verdict.passed is not bad
    assert verdict.axes.policy == check_of(verdict, check).status
    return bad


@pytest.mark.parametrize(
    ("check", "kept", "broken"),
    [
        ("policy.references", f'[required]\nreferences = ["sha256:{REFERENCE_DIGEST}"]', OTHER),
        ("policy.references", '[required]\nservers = ["mcp-server-time"]', '[required]\nservers = ["other"]'),
        ("policy.logs", "", '[required]\nlogs = ["mcp-attest/none"]'),
        ("policy.tier", '[required]\ntier = "receipts"', '[required]\ntier = "full"'),
        ("policy.anchored", "", "[required]\nmax-anchor-age-seconds = 3600"),
        ("policy.axes", '[required]\nproven-axes = ["freshness"]', '[required]\nproven-axes = ["build-link"]'),
        ("policy.measured", "[measured]\nmin-cycles = 3", "[measured]\nmin-cycles = 4"),
        ("policy.measured", "[measured]\nmin-seconds = 30", "[measured]\nmin-seconds = 31"),
        ("policy.gap", "[measured]\nmax-gap-seconds = 11", "[measured]\nmax-gap-seconds = 10"),
        ("policy.age", "[measured]\nmax-age-seconds = 580", "[measured]\nmax-age-seconds = 500"),
        ("policy.binding", '[measured]\nmin-binding = "adopted"', '[measured]\nmin-binding = "launched"'),
        ("policy.isolation", '[measured]\nmin-isolation = "other-uid"', '[measured]\nmin-isolation = "privileged"'),
        ("policy.assurance", '[assurance]\nleast = "site"', '[assurance]\nleast = "locked"'),
        ("policy.assurance", "[assurance]\nmin-built = 0.6", "[assurance]\nmin-built = 0.7"),
        ("policy.assurance", "[assurance]\nmin-locked = 0.6", "[assurance]\nmin-listed = 0.7"),
        ("policy.runtimes", '[runtime-assurance]\nleast = "built"', "[required]\nruntime = true"),
        ("policy.site", '[site]\nallowed = ["tree/zone*"]', "[site]\nallowed = []"),
        ("policy.site", '[site]\nallowed = ["zoneinfo"]', '[site]\nallowed = ["tree/zone"]'),
        ("policy.build", "[build]\nmin-slsa-level = 2", "[build]\nmin-slsa-level = 3"),
        ("policy.build", f'[build]\nbuilders = ["{BUILDER_ID}"]', '[build]\nbuilders = ["https://other.example"]'),
        ("policy.build", '[build]\nartifacts = ["*.whl"]', '[build]\nartifacts = ["*.whl", "*.tgz"]'),
        ("policy.tools", "[calls]\ntools = []", ""),
        ("policy.calls", "[calls]\nmax-denied = 0", "[calls]\nmin-permitted = 1"),
        ("policy.path", "", '[calls]\npath = "sole"'),
    ],
)
def test_a_rule_passes_where_it_is_kept_and_fails_where_it_is_not(
    tmp_path: Path, check: str, kept: str, broken: str
) -> None:
    lines = honest(tmp_path / "log")
    if broken == OTHER:
        broken = f'[required]\nreferences = ["{OTHER}"]'
    assert not kept or not failed(one(kept, lines), check)
    assert not broken or failed(one(broken, lines), check)


def test_every_rule_has_been_seen_to_fail() -> None:
    """Those that the table above cannot break have tests of their own below."""
    mark = test_a_rule_passes_where_it_is_kept_and_fails_where_it_is_not.pytestmark[0]  # type: ignore[attr-defined]
    broken = {check for check, _, text in mark.args[1] if text}
    assert set(RULES) - broken == {"policy.uncovered", "policy.tools"}


def test_a_runtime_is_held_to_its_own_table(tmp_path: Path) -> None:
    with on_runtime(tmp_path / "log", RUNTIME) as story:
        lines, digest = story.start().measure(3).stop().export(), story.reference
    verdict = one('[runtime-assurance]\nleast = "locked"', lines, references=(digest,))
    assert failed(verdict, "policy.runtimes")
    assert check_of(verdict, "policy.runtimes").detail == "cpython-3.12: a file is known worse than demanded"
    assert not failed(one('[runtime-assurance]\nleast = "site"', lines, references=(digest,)), "policy.runtimes")
    assert not failed(one("[required]\nruntime = true", lines, references=(digest,)), "policy.runtimes")
    both = (digest, seal(RUNTIME)[0])
    assert not failed(one("[required]\nruntime = true", lines, references=both), "policy.runtimes")
    narrowed = '[[exceptions]]\nchecks = ["policy.runtimes"]\nreason = "x"\nexpires = 2026-12-31\nreference = "sha256:'
    demand = '[runtime-assurance]\nleast = "locked"\n'
    assert one(f'{demand}{narrowed}{seal(RUNTIME)[0]}"', lines, references=(digest,)).passed
    assert not one(f'{demand}{narrowed}{digest}"', lines, references=(digest,)).passed


def test_time_outside_runs_is_limited(tmp_path: Path) -> None:
    with Story(tmp_path / "log") as story:
        lines = story.start().measure().stop().wait(5000).start().measure().stop().export()
    assert not failed(one("[measured]\nmax-uncovered-seconds = 5", lines), "policy.uncovered")
    assert failed(one("[measured]\nmax-uncovered-seconds = 4", lines), "policy.uncovered")


def test_cycles_that_share_a_receipt_count_one_by_one(tmp_path: Path) -> None:
    sealed = change(REFERENCE, measurement__window_cycles=6)
    with Story(tmp_path / "log", reference=sealed) as story:
        lines, digest = story.start().window(12).stop().export(), story.reference
    assert not failed(one("[measured]\nmin-cycles = 12", lines, references=(digest,)), "policy.measured")
    assert failed(one("[measured]\nmin-cycles = 13", lines, references=(digest,)), "policy.measured")


def test_of_two_references_each_has_to_be_measured_enough(tmp_path: Path) -> None:
    """Twelve cycles of one are none of the other."""
    other = change(REFERENCE, server__name="other")
    with Story(tmp_path / "one") as first, Story(tmp_path / "two", reference=other) as second:
        first.start().measure(9).stop()
        second.start().measure(2).stop()
        lines = export_all([first, second])
    wanted = (REFERENCE_DIGEST, seal(other)[0])
    verdict = one("[measured]\nmin-cycles = 3", lines, references=wanted)
    assert failed(verdict, "policy.measured")
    assert check_of(verdict, "policy.measured").detail == "other: measured in too few cycles"
    assert not failed(one("[measured]\nmin-cycles = 2", lines, references=wanted), "policy.measured")


def test_time_counts_once_where_two_logs_measure_and_not_at_all_where_none_does(tmp_path: Path) -> None:
    with Story(tmp_path / "one") as first, Story(tmp_path / "two") as second:
        first.start().measure(2).stop()
        second.wait(10_050).start().measure(2).stop().wait(50_000).start().measure().stop()
        lines = export_all([first, second])
    # 0 to 20.1, 10.05 to 30.15, 80.15 to 90.2.
    assert not failed(one("[measured]\nmin-seconds = 40", lines), "policy.measured")
    assert failed(one("[measured]\nmin-seconds = 41", lines), "policy.measured")


def test_a_run_in_which_only_an_older_reference_was_measured_is_no_time_of_this_one(tmp_path: Path) -> None:
    other = change(REFERENCE, validity__sequence=0)
    envelope = seal(other)[1]
    with Story(tmp_path / "log", runtimes=[envelope]) as story:
        story.runtime = None
        story.start().measure(3).stop()
        story.start().measure(5, reference=seal(other)[0]).stop()
        lines = story.export()
    [found] = judged(lines).gathered.measured
    assert (found.measurements, found.milliseconds) == (3, 30_150)


def test_the_largest_gap_is_that_of_either_clock_and_of_windows_too(tmp_path: Path) -> None:
    with Story(tmp_path / "one") as story:
        lines = story.start().measure(2).measure(after=17_000).stop().export()
    [found] = judged(lines).gathered.measured
    assert found.largest_gap == 17_050
    with Story(tmp_path / "two", boot_drift=lambda now: 4000 if now > NOW - 570_000 else 0) as story:
        lines = story.start().measure(6).stop().export()
    [found] = judged(lines).gathered.measured
    assert found.largest_gap == 14_050
    sealed = change(REFERENCE, measurement__window_cycles=6)
    with Story(tmp_path / "three", reference=sealed) as story:
        story.start().window(3).window(3, after=12_000).stop()
        lines, digest = story.export(), story.reference
    [found] = judged(lines, references=(digest,)).gathered.measured
    assert found.largest_gap == 12_050


def test_the_largest_gap_is_told_though_a_larger_one_than_sealed_came_before(tmp_path: Path) -> None:
    """And every one that is too large is told of, as without a policy."""
    with Story(tmp_path / "log") as story:
        story.start().measure().measure(after=50_000).measure(after=40_000).measure(after=60_000).stop()
        lines = story.export()
    seen = judged(lines)
    assert seen.gathered.measured[0].largest_gap == 60_050
    assert check_of(seen.verdict, "freshness.cadence").detail.endswith("(and 2 more)")


def test_a_hole_in_what_covers_a_portals_run_is_a_gap_of_it(tmp_path: Path) -> None:
    """The agent began later than the portal, and stopped earlier."""
    with Story(tmp_path / "agent") as agent, Story(tmp_path / "portal") as portal:
        agent.wait(4000).start().measure(3).stop()
        portal.start().wait(41_150).stop()
        lines = export_all([agent, portal])
    [found] = judged(lines).gathered.measured
    assert found.largest_gap == 10_050
    with Story(tmp_path / "late") as agent, Story(tmp_path / "early") as portal:
        agent.wait(20_000).start().measure(3).stop()
        portal.start().wait(35_000).stop()
        lines = export_all([agent, portal])
    verdict = one("[measured]\nmax-gap-seconds = 19", lines)
    assert failed(verdict, "policy.gap")
    assert check_of(verdict, "policy.gap").found == "20 s"


def test_a_reference_that_was_never_measured_has_neither_time_nor_gap(tmp_path: Path) -> None:
    with Story(tmp_path / "log") as story:
        lines = story.start().wait(5000).stop().export()
    verdict = one("[measured]\nmax-gap-seconds = 99\nmin-seconds = 0", lines)
    assert check_of(verdict, "policy.gap").found == "none"
    assert not verdict.passed


def test_a_required_reference_that_was_never_measured_is_missing(tmp_path: Path) -> None:
    with Story(tmp_path / "log") as story:
        lines = story.start().wait(5000).stop().export()
    verdict = one(f'[required]\nreferences = ["sha256:{REFERENCE_DIGEST}"]', lines)
    assert check_of(verdict, "policy.references").status == "fail"


def test_a_server_of_which_nothing_was_built_has_no_provenance(tmp_path: Path) -> None:
    sealed = change(REFERENCE, artifacts=(change(REFERENCE.artifacts[0], origin="site"),))
    lines = honest(tmp_path / "log", reference=sealed)
    verdict = one("[build]\nmin-slsa-level = 0", lines, references=(seal(sealed)[0],))
    assert failed(verdict, "policy.build")
    assert check_of(verdict, "policy.build").detail.endswith("no artifact has provenance")


def test_where_no_reference_is_expected_nothing_is_shown_of_any(tmp_path: Path) -> None:
    lines = honest(tmp_path / "log")
    verdict = one("[site]\nallowed = ['*']\n[measured]\nmin-cycles = 1", lines, references=("0" * 64,))
    details = [check_of(verdict, check).detail for check in policy_checks(verdict)]
    assert details == ["no expected reference is here"] * 2


def test_the_newest_measurement_counts_and_no_later_entry(tmp_path: Path) -> None:
    with Story(tmp_path / "log") as story:
        story.start().measure()
        begun = story.now
        lines = story.wait(20_000).stop().export()
    seconds = (NOW - begun) // 1000 + 1
    assert not failed(one(f"[measured]\nmax-age-seconds = {seconds}", lines), "policy.age")
    assert failed(one(f"[measured]\nmax-age-seconds = {seconds - 10}", lines), "policy.age")


def test_a_nonce_makes_no_measurement_young(tmp_path: Path) -> None:
    with Story(tmp_path / "log") as story:
        lines = story.start(nonce="ab" * 16).measure().stop().export()
    later = NOW + 2 * 86_400_000
    text = "[measured]\nmax-age-seconds = 86400"
    verdict = one(text, lines, at=later, nonce="ab" * 16)
    assert check_of(verdict, "freshness.age").status == "pass"
    assert check_of(verdict, "policy.age").status == "fail"


def test_the_weakest_measurement_counts(tmp_path: Path) -> None:
    with Story(tmp_path / "log") as story:
        story.binding, story.isolation = Binding.LAUNCHED, Isolation.PRIVILEGED
        story.start().measure(3)
        story.binding, story.isolation = Binding.ADOPTED, Isolation.SAME_UID
        lines = story.measure().stop().export()
    assert failed(one('[measured]\nmin-binding = "launched"', lines), "policy.binding")
    assert failed(one('[measured]\nmin-isolation = "other-uid"', lines), "policy.isolation")


def test_site_files_that_the_reference_does_not_name_are_not_allowed(tmp_path: Path) -> None:
    paths = tuple(f"tree/{number:04}" for number in range(1000))
    sealed = change(REFERENCE, unclaimed=Unclaimed(files=1001, paths=paths))
    lines = honest(tmp_path / "log", reference=sealed)
    verdict = one('[site]\nallowed = ["*"]', lines, references=(seal(sealed)[0],))
    assert failed(verdict, "policy.site")
    assert check_of(verdict, "policy.site").found == "1 more"


def test_files_without_any_share_are_known_too_badly(tmp_path: Path) -> None:
    none = documents.REFERENCE.assurance.listed
    sealed = change(REFERENCE, assurance__built=none, assurance__site=none)
    lines = honest(tmp_path / "log", reference=sealed)
    assert failed(one("[assurance]\nmin-locked = 0", lines, references=(seal(sealed)[0],)), "policy.assurance")


def test_provenance_is_that_of_the_artifact_and_not_of_another_one(tmp_path: Path) -> None:
    """The reference names two artifacts; the builder spoke of one."""
    [wheel] = REFERENCE.artifacts
    other = change(wheel, name="other-1.0.whl", digest__sha256="ab" * 32, origin="site", evidence=())
    sealed = change(REFERENCE, artifacts=(other, wheel))
    lines = honest(tmp_path / "log", reference=sealed)
    wanted = (seal(sealed)[0],)
    assert not failed(one("[build]\nmin-slsa-level = 2", lines, references=wanted), "policy.build")
    verdict = one('[build]\nmin-slsa-level = 2\nartifacts = ["*.whl"]', lines, references=wanted)
    assert failed(verdict, "policy.build")
    assert "other-1.0.whl" in check_of(verdict, "policy.build").detail


def test_a_file_of_build_evidence_is_held_to_its_level_and_builder() -> None:
    good = [build_files.attested()]
    assert judged(good, **BUILT).verdict.passed
    assert not failed(one("[build]\nmin-slsa-level = 1", good, **BUILT), "policy.build")
    assert failed(one("[build]\nmin-slsa-level = 2", good, **BUILT), "policy.build")
    assert not failed(one(f'[build]\nbuilders = ["{build_files.WORKFLOW}"]', good, **BUILT), "policy.build")
    assert failed(one('[build]\nbuilders = ["https://other.example"]', good, **BUILT), "policy.build")


@pytest.mark.parametrize(
    ("told", "text", "bad"),
    [
        ("permit", '[calls]\ntools = ["get_time"]', False),
        ("permit", '[calls]\ntools = ["convert_time"]', True),
        ("permit", "[calls]\nmin-permitted = 1", False),
        ("permit", "[calls]\nmin-permitted = 2", True),
        ("permit", '[calls]\npath = "sole"', True),
        ("deny", "[calls]\nmax-denied = 1", False),
        ("deny", "[calls]\nmax-denied = 0", True),
        ("deny", "[calls]\ntools = []", False),
        ("let-pass", "[calls]\nmax-let-pass = 0", True),
        ("let-pass", "[calls]\ntools = []", True),
        ("unanswered", "[calls]\nmax-unanswered = 0", True),
    ],
)
def test_what_became_of_calls_is_held_to_the_policy(tmp_path: Path, told: str, text: str, *, bad: bool) -> None:
    lines, digest = calls(tmp_path, told)
    verdict = one(text, lines, references=(digest,))
    [check] = policy_checks(verdict)
    assert failed(verdict, check) is bad


def calls(folder: Path, told: str) -> tuple[list[bytes], str]:
    sealed = AUDIT_ONLY if told == "let-pass" else GOVERNED
    with CallStory(folder / "calls", reference=sealed) as story:
        story.open()
        if told == "permit":
            story.answered()
        elif told == "unanswered":
            story.permit(story.call())
            return story.export(), story.reference
        else:
            story.deny(story.call("set_time"), enforced=told == "deny")
        return story.stop().export(), story.reference


def test_entries_alone_show_nothing_that_needs_receipts(tmp_path: Path) -> None:
    with Story(tmp_path / "log") as story:
        lines = story.start().measure(3).stop().export(Tier.STRUCTURAL)
    runs = "[measured]\nmin-cycles = 1\nmax-gap-seconds = 99\nmax-uncovered-seconds = 99\n"
    text = f"{runs}[site]\nallowed = ['*']\n[calls]\ntools = []\nmax-denied = 9"
    verdict = one(text, lines, tier=Tier.STRUCTURAL)
    assert [check_of(verdict, check).status for check in policy_checks(verdict)] == ["unproven"] * 6
    assert not verdict.passed


def test_what_no_file_of_the_call_can_show_fails_in_each() -> None:
    text = (
        f'[required]\nreferences = ["{OTHER}"]\ntier = "receipts"\n[measured]\nmin-cycles = 1\n[calls]\npath = "sole"'
    )
    for verdict in held(text, [build_files.attested()], [build_files.attested()], **BUILT):
        assert [check_of(verdict, check).status for check in policy_checks(verdict)] == ["fail"] * 4
        assert not verdict.passed


def test_what_one_file_shows_another_need_not(tmp_path: Path) -> None:
    evidence = judged([build_files.attested()], **BUILT)
    bundle = judged(honest(tmp_path / "log"))
    text = f'[required]\nreferences = ["sha256:{REFERENCE_DIGEST}"]\n[measured]\nmin-cycles = 3'
    first, second = held(text, bundle, evidence)
    assert first.passed
    assert second.passed
    assert policy_checks(first) == ["policy.references", "policy.measured"]
    assert policy_checks(second) == []


def test_a_required_log_may_be_in_another_file_and_one_that_is_missing_fails_in_each(tmp_path: Path) -> None:
    files = [judged(honest(tmp_path / name)) for name in ("one", "two")]
    [[first], [second]] = [each.gathered.logs for each in files]
    text = f'[required]\nlogs = ["{first}", "{second}"]'
    assert all(verdict.passed for verdict in held(text, *files))
    assert [check_of(verdict, "policy.logs").found for verdict in held(text, files[0], files[0])] == [first, first]


def test_a_reference_that_is_there_and_not_expected_does_not_count(tmp_path: Path) -> None:
    """What is not expected is not judged, and so shows nothing."""
    other = change(REFERENCE, server__name="other")
    with Story(tmp_path / "one") as first, Story(tmp_path / "two", reference=other) as second:
        first.start().measure().stop()
        second.start().measure().stop()
        lines = export_all([first, second])
    assert judged(lines).verdict.passed
    assert not one('[required]\nservers = ["other"]', lines).passed
    assert one('[required]\nservers = ["other"]', lines, references=(REFERENCE_DIGEST, seal(other)[0])).passed


def test_evidence_that_cannot_be_read_keeps_no_policy() -> None:
    for lines in ([], [b"x\n"], [b'{"kind":"header"}\n']):
        verdict = one("[measured]\nmin-cycles = 1\n[site]\nallowed = ['*']", lines)
        assert not verdict.passed
        assert {check_of(verdict, check).status for check in policy_checks(verdict)} == {"fail"}


def test_the_verdict_names_the_policy_and_has_an_axis_for_it_only_where_there_is_one(tmp_path: Path) -> None:
    lines = honest(tmp_path / "log")
    text = "[measured]\nmin-cycles = 1"
    verdict = one(text, lines)
    assert verdict.policy is not None
    assert verdict.policy.sha256 == policy_of(text).sha256
    assert dict(verdict.axes.items())["policy"] == "pass"  # type: ignore[index]
    without = judged(lines).verdict
    assert without.policy is None
    assert len(without.axes.items()) == 6
