"""Parts of one log that are judged in one call go on from one another, and no limit begins anew at the seam."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.codec import instant
from attest.evidence.grammar import Tier
from attest.evidence.verdict import Verdict
from attest.evidence.verify.checks_of_calls import CALLERS, LIMITS, SEQUENCES
from attest.evidence.verify.file import judge_file
from attest.evidence.verify.parts import Parts
from attest.statement.tools.calls import OutcomeStatus
from attest.tlog.checkpoint import Checkpoint
from attest.trust.making import write_trust
from tests.calls_portal import STEPS, UNDER_STRICT, SmallPortal, live
from tests.calls_story import PRINCIPAL, USUAL, CallStory
from tests.commands import attest, failed, passed
from tests.evidence_story import REFERENCE, ask, change, failing, rewrite
from tests.laws import examples
from tests.world import make_trust_file

CALM = tuple(step for step in STEPS if step not in {"crash", "input"})
"""Steps after which a run can stop as intended, and nothing of it goes on in the next."""
STEP = st.tuples(st.sampled_from(CALM), st.integers(0, 500))
RUNS = tuple(f"{number:032x}" for number in range(1, 9))
OVER_TIME = {LIMITS, SEQUENCES, CALLERS}


class Cut:
    """A log in parts, each of one run; `pins` stand between them, and `at` is the time of its end."""

    def __init__(self, story: CallStory, tier: Tier = Tier.RECEIPTS) -> None:
        self.story = story
        self.tier = tier
        self.parts: list[list[bytes]] = []
        self.pins: list[Checkpoint] = []
        self.before: Checkpoint | None = None

    @contextmanager
    def part(self) -> Iterator[None]:
        """Tell a run, and cut after it."""
        run = RUNS[len(self.parts)]
        self.story.start(run=run)
        yield
        self.story.stop(run=run)
        self.parts.append(self.story.export(self.tier, since=self.before))
        self.before = self.story.checkpoint()
        self.pins.append(self.before)
        self.story.wait(1_000)

    def judge(self, parts: Sequence[list[bytes]] | None = None, **changes: Any) -> list[Verdict]:
        """Judge parts in one call, those that were told unless others are given."""
        question = ask(references=(self.story.reference,), at=self.story.now, **changes)
        known = Parts()
        given = self.parts if parts is None else parts
        return [judge_file(lines, question, file="e.jsonl", parts=known).verdict for lines in given]

    def alone(self, number: int) -> Verdict:
        """Judge one part by itself, pinned."""
        [verdict] = self.judge([self.parts[number]], checkpoints=self.pins[number - 1 : number])
        return verdict


@pytest.fixture
def cut(tmp_path: Path) -> Iterator[Callable[..., Cut]]:
    """Begins a log that is to be cut."""
    with CallStory(tmp_path / "log", reference=UNDER_STRICT) as story:
        yield lambda: Cut(story)


def asserted(verdict: Verdict) -> set[str]:
    return {check.id for check in verdict.checks if check.status == "asserted"}


def portal_run(cut: Cut, portal: SmallPortal) -> None:
    with cut.part():
        cut.story.launch().match()
        for tool in ("get_time", "convert_time", "unknown"):
            portal.ask(tool, PRINCIPAL, {})
        while portal.flying:
            portal.answer(0, OutcomeStatus.RESULT)


def test_what_only_the_parts_together_show_is_judged_with_them_and_asserted_without(cut: Callable[..., Cut]) -> None:
    log = cut()
    portal = SmallPortal(log.story)
    for _ in range(3):
        portal_run(log, portal)
    together = log.judge()
    assert [list(failing(each)) for each in together] == [[], [], []]
    assert [each.start for each in together] == ["genesis", "pinned", "pinned"]
    assert asserted(log.alone(1)) - asserted(together[1]) == {"freshness.validity", *OVER_TIME}
    for verdict in together[1:]:
        [limits] = [each for each in verdict.checks if each.id == LIMITS]
        assert limits.status == "pass"
        assert "earlier files" in limits.detail


@examples(0.5)
@given(histories=st.lists(st.lists(STEP, max_size=15), min_size=2, max_size=3))
def test_every_honest_history_in_parts_passes_and_leaves_nothing_over_time_to_anybodys_word(
    histories: list[list[tuple[str, int]]],
) -> None:
    with TemporaryDirectory() as folder, CallStory(Path(folder) / "log", reference=UNDER_STRICT) as story:
        log, portal = Cut(story), SmallPortal(story)
        for history in histories:
            with log.part():
                story.launch().match()
                live(portal, history)
                while portal.flying:
                    portal.answer(0, OutcomeStatus.LOST)
        verdicts = log.judge()
    assert [list(failing(each)) for each in verdicts] == [[] for _ in histories]
    assert set[str]().union(*map(asserted, verdicts)).isdisjoint(OVER_TIME)


def test_a_portal_that_forgets_what_it_counted_is_found_across_the_seam(cut: Callable[..., Cut]) -> None:
    log = cut()
    for _ in range(2):
        portal_run(log, SmallPortal(log.story))
    assert list(failing(log.alone(1))) == []
    assert [list(failing(each)) for each in log.judge()] == [[], [LIMITS]]


@pytest.fixture
def calm(tmp_path: Path) -> Iterator[Cut]:
    with CallStory(tmp_path / "calm") as story:
        yield Cut(story)


def calls(log: Cut, count: int, *, drifts: bool = False) -> None:
    story = log.story
    with log.part():
        story.launch().match()
        for _ in range(count):
            story.answered()
        if drifts:
            story.drift(story.recorder.size - 1)


def test_a_baseline_is_left_across_the_seam(calm: Cut) -> None:
    for count in (USUAL, 2):
        calls(calm, count)
    assert list(failing(calm.alone(1))) == []
    assert [list(failing(each)) for each in calm.judge()] == [[], [CALLERS]]


def test_who_left_it_is_permitted_nothing_in_later_parts(calm: Cut) -> None:
    calls(calm, USUAL + 1, drifts=True)
    calls(calm, 0)
    calm.story.wait(3_700_000)
    calls(calm, 1)
    verdict = calm.judge()[2]
    assert list(failing(calm.alone(2))) == []
    assert list(failing(verdict)) == [CALLERS]
    [callers] = [each for each in verdict.checks if each.id == CALLERS]
    assert callers.expected is not None
    assert callers.expected.startswith(f"nothing for {PRINCIPAL} after entry ")


@pytest.mark.parametrize("tier", [Tier.RECEIPTS, Tier.STRUCTURAL])
def test_the_part_before_pins_where_one_begins(tmp_path: Path, tier: Tier) -> None:
    with CallStory(tmp_path / "log") as story:
        log = Cut(story, tier)
        for _ in range(3):
            with log.part():
                story.measure()
        verdicts = log.judge(tier=tier)
        assert "completeness.start" in failing(log.judge(log.parts[1:], tier=tier)[0])
    assert [list(failing(each)) for each in verdicts] == [[], [], []]
    assert [each.start for each in verdicts] == ["genesis", "pinned", "pinned"]


def broken(lines: list[bytes]) -> list[bytes]:
    def edit(line: dict[str, Any]) -> None:
        line["receipt"]["signatures"][0]["sig"] = line["receipt"]["signatures"][0]["sig"][::-1].strip("=") + "=="

    return rewrite(lines, "entry", edit, 1)


def test_only_what_is_sound_and_comes_right_before_hands_anything_on(cut: Callable[..., Cut]) -> None:
    log = cut()
    portal = SmallPortal(log.story)
    for _ in range(3):
        portal_run(log, portal)
    first, second, third = log.parts
    for parts in ([second], [second, first], [first, third], [broken(first), second], [first[:-1], second]):
        at = parts.index(third if third in parts else second)
        verdict = log.judge(parts)[at]
        assert "completeness.start" in failing(verdict)
        assert asserted(verdict) >= OVER_TIME
    # A start that nobody proved proves no other.
    assert "completeness.start" in failing(log.judge([second, third])[1])


def test_what_is_handed_on_is_counted_once(cut: Callable[..., Cut]) -> None:
    log = cut()
    portal = SmallPortal(log.story)
    for _ in range(2):
        portal_run(log, portal)
    first, second = log.parts
    verdicts = log.judge([first, second, second])
    assert [list(failing(each)) for each in verdicts] == [[], [], ["completeness.start"]]


def test_an_expected_checkpoint_in_an_earlier_part_is_found(cut: Callable[..., Cut]) -> None:
    log = cut()
    portal = SmallPortal(log.story)
    for _ in range(3):
        portal_run(log, portal)
    verdicts = log.judge(checkpoints=log.pins[:1])
    assert [list(failing(each)) for each in verdicts] == [[], [], []]
    assert {each.pinned for each in verdicts} == {log.pins[0].size}
    forged = change(log.pins[0], root=b"\1" * 32)
    assert "completeness.pinned" in failing(log.judge(checkpoints=(forged,))[0])


def test_the_time_to_live_runs_on(tmp_path: Path) -> None:
    with CallStory(tmp_path / "log", reference=change(REFERENCE, validity__ttl_seconds=60)) as story:
        log = Cut(story)
        for _ in range(2):
            with log.part():
                story.measure(4)
        assert asserted(log.alone(1)) >= {"freshness.validity"}
        assert [set(failing(each)) for each in log.judge()] == [set(), {"freshness.validity"}]


def test_attest_verify_takes_the_parts_in_their_order(tmp_path: Path, cut: Callable[..., Cut]) -> None:
    log = cut()
    portal = SmallPortal(log.story)
    for number in range(2):
        portal_run(log, portal)
        (tmp_path / f"{number}.jsonl").write_bytes(b"".join(log.parts[number]))
    (tmp_path / "trust.json").write_bytes(write_trust(make_trust_file()))
    words = (
        "--trust",
        "trust.json",
        "--reference",
        f"sha256:{log.story.reference}",
        "--at",
        instant.text(log.story.now),
    )
    passed(attest(tmp_path, "verify", "0.jsonl", "1.jsonl", *words))
    assert failed(attest(tmp_path, "verify", "1.jsonl", *words, "--format", "json")) == {"completeness.start"}
