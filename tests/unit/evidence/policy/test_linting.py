"""What is odd about a policy is said: rules that never fail, exceptions that are over soon or of no use."""

from __future__ import annotations

import pytest

from attest.evidence.policy.excusing import MATCHED
from attest.evidence.policy.linting import expired, warnings
from tests.policies import TODAY, TOMORROW, YESTERDAY, exception, policy_of
from tests.world import NOW

DEMANDS = "[measured]\nmin-cycles = 6\n"


def told(text: str) -> list[str]:
    return list(warnings(policy_of(text).document, NOW))


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "it demands nothing"),
        ("[required]", "required: the table demands nothing"),
        ("[required]\nreferences = []", "required: the table demands nothing"),
        ("[build]", "build: the table demands nothing"),
        ("[calls]", "calls: the table demands nothing"),
        ('[required]\ntier = "structural"', "required.tier: it can never fail"),
        ("[measured]\nmin-seconds = 0", "measured.min-seconds: it can never fail"),
        ("[measured]\nmin-cycles = 1", "measured.min-cycles: it can never fail"),
        ('[measured]\nmin-binding = "remote"', "measured.min-binding: it can never fail"),
        ('[measured]\nmin-isolation = "same-uid"', "measured.min-isolation: it can never fail"),
        ('[assurance]\nleast = "site"', "assurance.least: it can never fail"),
        ('[runtime-assurance]\nleast = "site"', "runtime-assurance.least: it can never fail"),
        ("[assurance]\nmin-built = 0.0", "assurance.min-built: it can never fail"),
        ("[assurance]\nmin-built = 0.5\nmin-listed = 0.5", "assurance.min-listed: it can never fail by itself"),
        ("[assurance]\nmin-listed = 0.5\nmin-locked = 0.4", "assurance.min-locked: it can never fail by itself"),
        (
            '[assurance]\nleast = "listed"\nmin-locked = 1',
            "assurance.min-locked: it can never fail by itself, since least",
        ),
        ('[assurance]\nleast = "locked"\n[site]\nallowed = ["a"]', "site.allowed: it allows nothing"),
        ('[required]\nproven-axes = ["conformance"]', "required.proven-axes: calls leave conformance asserted"),
        (
            DEMANDS + 2 * exception("policy.measured", expires="2027-01-31"),
            "exceptions, number 2: of policy.measured it excuses nothing that number 1 leaves",
        ),
        ('[site]\nallowed = ["a", "**"]', "site.allowed: it can never fail"),
        ('[build]\nartifacts = ["*"]', "build.artifacts: it means every artifact"),
        ("[build]\nmin-slsa-level = 0", "build.min-slsa-level: it demands hardly anything"),
        ("[calls]\nmin-permitted = 0", "calls.min-permitted: it can never fail"),
        ('[required]\nproven-axes = ["build-link"]', "required.proven-axes: no evidence bundle proves build-link"),
        (DEMANDS + exception("policy.measured"), f"exceptions, number 1: it expires within 14 days, on {TOMORROW}"),
        (DEMANDS + exception("policy.measured", expires=TODAY), "exceptions, number 1: it expires within 14 days"),
        (DEMANDS + exception("policy.site", expires="2027-01-31"), "exceptions, number 1: it excuses nothing"),
        (
            '[required]\nproven-axes = ["conformance"]\n'
            + exception(MATCHED, expires="2027-01-31", more='paths = ["tree/x"]'),
            "exceptions, number 1: it is of no use",
        ),
    ],
)
def test_an_oddity_is_told_with_its_place(text: str, place: str) -> None:
    assert any(line.startswith(place) for line in told(text)), told(text)


@pytest.mark.parametrize(
    "text",
    [
        DEMANDS,
        '[assurance]\nleast = "locked"\nmin-listed = 0.9\n[site]\nallowed = []',
        '[required]\ntier = "full"\nproven-axes = ["conformance"]',
        "[site]\nallowed = []\n"
        + exception("policy.site", expires="2027-01-31", more='paths = ["tree/x"]')
        + exception("policy.site", expires="2027-01-31"),
        "[site]\nallowed = []",
        "[calls]\ntools = []",
        "[assurance]\nmin-built = 0.2\nmin-listed = 0.5\nmin-locked = 1",
        DEMANDS + exception("policy.measured", expires="2026-12-07"),
        DEMANDS + exception(MATCHED, expires="2027-01-31", more='paths = ["tree/x"]'),
    ],
)
def test_nothing_is_told_of_a_policy_without_an_oddity(text: str) -> None:
    assert told(text) == []


def test_two_weeks_before_its_last_day_an_exception_is_warned_of() -> None:
    assert told(DEMANDS + exception("policy.measured", expires="2026-12-06")) == []
    assert told(DEMANDS + exception("policy.measured", expires="2026-12-05")) != []


def test_an_expired_exception_is_no_warning_but_a_fault() -> None:
    document = policy_of(DEMANDS + exception("policy.measured", expires=YESTERDAY)).document
    assert list(warnings(document, NOW)) == []
    assert list(expired(document, NOW)) == [f"exceptions, number 1: policy.measured, over since {YESTERDAY}"]
    assert list(expired(policy_of(DEMANDS + exception("policy.measured", expires=TODAY)).document, NOW)) == []
