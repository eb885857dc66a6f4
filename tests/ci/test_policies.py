"""The example policies: without oddities, kept by honest evidence, broken by each attack at the right rule."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from attest.codec import instant
from attest.codec.shipped import folder
from attest.statement.apart import NETWORK_ALONE, PIPES
from attest.statement.levels import Binding, Isolation
from attest.statement.predicates.runtime_reference import RuntimeReference, Share, Unclaimed
from attest.trust.making import write_trust
from tests.calls_story import GOVERNED, CallStory
from tests.commands import Done, attest, failed, passed
from tests.evidence_story import DRIFT, change, reseal
from tests.world import BUILDER_ID, NOW, make_trust_file

POLICIES: Final = folder("ci") / "policies"
NAMES: Final = tuple(sorted(path.stem for path in POLICIES.glob("*.toml")))
BUILDER: Final = "https://github.com/OWNER/REPOSITORY/.github/workflows/release.yml"
"""What whoever copies the strict one has to replace."""
NONE: Final = Share(files=0, bytes=0)

SEALED: Final[RuntimeReference] = change(
    GOVERNED,
    assurance__site=NONE,
    assurance__least="built",
    unclaimed=Unclaimed(files=0, paths=()),
    tools__egress=(),
)
"""All that a release can show: every file from provenance, and nowhere to connect to."""

LOCKED: Final = change(SEALED, assurance__locked=Share(files=1, bytes=1), assurance__least="locked")
SITE: Final = change(
    SEALED,
    assurance__site=Share(files=1, bytes=1),
    assurance__least="site",
    unclaimed=Unclaimed(files=1, paths=("tree/back-door.pth",)),
)
CONNECTED: Final = change(SEALED, tools__egress=("tcp:443",))


class Case(NamedTuple):
    """What happened, and how the story of it is told."""

    story: Callable[[CallStory], object] = lambda _story: None
    reference: RuntimeReference = SEALED
    binding: Binding = Binding.LAUNCHED
    isolation: Isolation = Isolation.OTHER_UID
    cycles: int = 6
    edit: Callable[[list[bytes]], list[bytes]] = list
    days: float = 0


def told(path: Path, case: Case) -> tuple[list[bytes], str]:
    """Return the lines of a run under the portal, and the digest of its reference."""
    with CallStory(path / "log", reference=case.reference) as story:
        story.binding, story.isolation = case.binding, case.isolation
        story.start()
        story.launch(PIPES, NETWORK_ALONE).match()
        story.measure(case.cycles - 2)
        story.match().answered()
        case.story(story)
        return case.edit(story.stop().export()), story.reference


def judge(path: Path, name: str, case: Case) -> Done:
    """Run the gate as a pipeline does."""
    lines, digest = told(path, case)
    (path / "e.jsonl").write_bytes(b"".join(lines))
    (path / "trust.json").write_bytes(write_trust(make_trust_file()))
    text = (POLICIES / f"{name}.toml").read_text(encoding="utf-8").replace(BUILDER, BUILDER_ID)
    (path / "attest-policy.toml").write_text(text, encoding="utf-8")
    at = instant.text(NOW + int(case.days * 86_400_000))
    words = ["--reference", f"sha256:{digest}", "--at", at, "--max-evidence-age", str(10 * 86_400), "--format", "json"]
    return attest(path, "verify", "e.jsonl", "--trust", "trust.json", "--policy", "attest-policy.toml", *words)


def without_a_receipt(lines: list[bytes]) -> list[bytes]:
    """Leave one measurement out, as whoever hides one would."""
    number = [at for at, line in enumerate(lines) if b"runtime-measurement" in line][2]
    return reseal([*lines[:number], *lines[number + 1 :]])


def without_the_beginning(lines: list[bytes]) -> list[bytes]:
    """Cut the beginning off."""
    number = next(at for at, line in enumerate(lines) if b'"kind":"entry"' in line)
    return reseal([*lines[:number], *lines[number + 1 :]])


def too_much(story: CallStory) -> None:
    """Refuse a call of a tool that is not allowed."""
    story.deny(story.call("set_time"))


def hole(story: CallStory) -> None:
    """Measure nothing for longer than usual, and for less than sealed."""
    story.measure(after=25_000)


def away(story: CallStory) -> None:
    """Stop, and begin again later."""
    story.stop().wait(120_000).start()
    story.launch(PIPES, NETWORK_ALONE).match().answered()


def unanswered(story: CallStory) -> None:
    """Crash before an answer."""
    story.permit(story.call())
    story.resume().launch(PIPES, NETWORK_ALONE).match()


ATTACKS: Final[dict[str, tuple[Case, dict[str, set[str]]]]] = {
    "files alone were looked at": (
        Case(binding=Binding.ADOPTED),
        {"strict": {"policy.binding"}, "air-gapped": {"policy.binding"}},
    ),
    "the server could have written the receipts": (
        Case(isolation=Isolation.SAME_UID),
        {"strict": {"policy.isolation"}, "air-gapped": {"policy.isolation"}},
    ),
    "too few cycles": (Case(cycles=2), {"strict": {"policy.measured"}, "air-gapped": {"policy.measured"}}),
    "a hole between two measurements": (Case(story=hole), {"strict": {"policy.gap"}}),
    "a file with a digest that anybody may have published": (Case(reference=LOCKED), {"strict": {"policy.assurance"}}),
    "a file that only the sealer answers for": (
        Case(reference=SITE),
        {"strict": {"policy.assurance", "policy.site"}, "air-gapped": {"policy.assurance", "policy.site"}},
    ),
    "a way past the portal": (
        Case(reference=CONNECTED),
        {"strict": {"policy.path"}, "air-gapped": {"policy.path"}},
    ),
    "a call that had to be refused": (Case(story=too_much), {"strict": {"policy.calls"}}),
    "a call that nobody knows the end of": (Case(story=unanswered), {"strict": {"policy.calls"}}),
    "time in which nobody looked": (
        Case(story=away),
        {name: {"policy.uncovered"} for name in ("starter", "strict", "air-gapped")},
    ),
    "evidence of an earlier pipeline": (Case(days=1), {"starter": {"policy.age"}, "strict": {"policy.age"}}),
    "evidence that was long on its way": (
        Case(days=8),
        {name: {"policy.age"} for name in ("starter", "strict", "air-gapped")},
    ),
}
"""What is true of each is the verdict without a policy: PASSED. Which rule of which policy stands against it."""


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_checked_without_a_warning(tmp_path: Path, name: str) -> None:
    done = attest(tmp_path, "policy", "check", str(POLICIES / f"{name}.toml"))
    assert passed(done)
    assert done.stderr == b""


@pytest.mark.parametrize("name", NAMES)
def test_an_example_explains_itself_to_people_and_to_editors(name: str) -> None:
    text = (POLICIES / f"{name}.toml").read_text(encoding="utf-8")
    assert text.startswith("#:schema https://mcp-attest.github.io/schemas/policy/v0.1\n# ")
    assert text.count("\n#") > 6


@pytest.mark.parametrize("name", NAMES)
def test_honest_evidence_keeps_it(tmp_path: Path, name: str) -> None:
    verdict = json.loads(passed(judge(tmp_path, name, Case())))
    assert verdict["verdict"] == "PASSED"
    assert verdict["axes"]["policy"] == "pass"
    assert len(verdict["policy"]["sha256"]) == 64


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_stopped_by_the_rule_that_is_meant_for_it(tmp_path: Path, attack: str) -> None:
    case, stopped = ATTACKS[attack]
    for name in NAMES:
        place = tmp_path / name
        place.mkdir()
        done = judge(place, name, case)
        found = failed(done) if name in stopped else set[str]() if passed(done) else None
        assert found == stopped.get(name, set()), name


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("case", "check"),
    [
        (Case(edit=without_a_receipt), "integrity.entry-chain"),
        (Case(edit=without_the_beginning), "integrity.tree"),
        (Case(story=lambda story: story.act(story.violate(DRIFT))), "conformance.matched"),
    ],
)
def test_what_no_policy_is_needed_for_fails_under_each(tmp_path: Path, name: str, case: Case, check: str) -> None:
    assert check in failed(judge(tmp_path, name, case))


def test_every_demand_of_an_example_is_broken_by_some_attack() -> None:
    met = {name: set[str]() for name in NAMES}
    for _, stopped in ATTACKS.values():
        for name, checks in stopped.items():
            met[name] |= checks
    assert met["strict"] > met["starter"]
    assert met["strict"] == {
        *("policy.binding", "policy.isolation", "policy.measured", "policy.assurance", "policy.site", "policy.path"),
        *("policy.calls", "policy.uncovered", "policy.age", "policy.gap"),
    }


def test_the_strict_one_asks_for_a_builder_of_ones_own(tmp_path: Path) -> None:
    """Copied as it is, it lets nothing pass."""
    lines, digest = told(tmp_path, Case())
    (tmp_path / "e.jsonl").write_bytes(b"".join(lines))
    (tmp_path / "trust.json").write_bytes(write_trust(make_trust_file()))
    words: list[Any] = ["--reference", f"sha256:{digest}", "--at", instant.text(NOW), "--format", "json"]
    done = attest(
        tmp_path, "verify", "e.jsonl", "--trust", "trust.json", "--policy", str(POLICIES / "strict.toml"), *words
    )
    assert failed(done) == {"policy.build"}
