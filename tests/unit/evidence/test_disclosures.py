"""Tier full: disclosures open exactly what they should, and what they show keeps the sealed rules."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from attest.codec import canonical
from attest.codec.octets import from_base64, to_base64
from attest.errors import UnavailableError
from attest.evidence.grammar import Tier
from attest.evidence.reports.text import render_text
from attest.evidence.show import show
from attest.evidence.verdict import Verdict
from attest.evidence.verify.checks_of_calls import ARGUMENTS, DISCLOSURES
from attest.statement.tools.calls import DenialStage
from attest.statement.tools.rules import PathRule, ResultRule, ToolRule
from tests.calls_story import GOVERNED, RULES, SCHEMA, CallStory
from tests.evidence_story import change, failing, judge, reseal, rewrite

PATHS = change(
    GOVERNED,
    tools=change(
        RULES,
        tools=(
            ToolRule(
                name="get_time",
                arguments=SCHEMA,
                paths=(PathRule(id="places", argument="/path", below=("/srv/zones", "{tree}/zoneinfo")),),
                result=ResultRule(max_bytes=60),
            ),
        ),
    ),
)
"""A server whose tool may name files below two directories, and has short answers."""


def told(folder: Path, tell: Callable[[CallStory], Any], **changes: Any) -> tuple[list[bytes], dict[str, Any]]:
    """Return the lines of a full bundle of an honest portal, and the question that it answers."""
    with CallStory(folder / "log", **changes) as story:
        tell(story.open())
        return story.stop().export(Tier.FULL), {"references": (story.reference,), "tier": Tier.FULL}


def two_calls(story: CallStory) -> None:
    story.answered(story.call(arguments={"zone": "Europe/Vienna"}))
    story.deny(story.call("set_time", arguments={"to": 5}))
    decision = story.permit(call := story.call())
    story.deny(call, "result.size", stage=DenialStage.RESULT, decision=decision, result=story.commit(b"long"))


def detail(verdict: Verdict, check: str) -> str:
    [found] = [each for each in verdict.checks if each.id == check]
    return f"{found.status}: {found.detail}"


def setting(**values: Any) -> Callable[[dict[str, Any]], None]:
    """Return the edit of a line that sets these fields."""
    return lambda line: line.update(values)


def disclosed(lines: list[bytes]) -> list[int]:
    return [number for number, line in enumerate(lines) if line.startswith(b'{"kind":"disclosure"')]


def test_everything_that_is_kept_is_opened_and_judged(tmp_path: Path):
    lines, question = told(tmp_path, two_calls)
    verdict = judge(lines, **question)
    assert verdict.passed, list(failing(verdict))
    assert (verdict.tier, len(disclosed(lines))) == ("full", 5)
    assert "disclosed   5 of 5 arguments and answers" in render_text([verdict])
    assert detail(verdict, ARGUMENTS).startswith("pass")
    values = [from_base64(json.loads(lines[number])["value"], where="line") for number in disclosed(lines)]
    assert values[0] == b'{"arguments":{"zone":"Europe/Vienna"},"name":"get_time"}'


def test_what_is_disclosed_is_shown(tmp_path: Path):
    lines, _ = told(tmp_path, two_calls)
    assert "disclosure  4 bytes: long" in "\n".join(show(b"".join(lines)))


def test_a_bundle_without_disclosures_says_that_arguments_are_asserted(tmp_path: Path):
    with CallStory(tmp_path / "log") as story:
        two_calls(story.open())
        verdict = judge(story.stop().export(), references=(story.reference,))
        full = judge(story.export(), references=(story.reference,), tier=Tier.FULL)
    assert verdict.passed
    assert detail(verdict, ARGUMENTS).startswith("asserted: 5 arguments and answers are not disclosed")
    assert list(failing(full)) == ["conformance.tier"]


def test_a_full_bundle_of_a_log_without_calls_has_nothing_to_open(tmp_path: Path):
    lines, question = told(tmp_path, lambda story: story.match())
    verdict = judge(lines, **question)
    assert verdict.passed
    assert detail(verdict, DISCLOSURES).startswith("pass")


@pytest.mark.parametrize(
    ("ranges", "opened"), [((range(3, 4),), 1), ((range(3, 5),), 2), ((range(3, 4), range(5, 6)), 2)]
)
def test_part_of_it_may_be_disclosed_and_the_rest_stays_closed(tmp_path: Path, ranges: tuple[range, ...], opened: int):
    with CallStory(tmp_path / "log") as story:
        two_calls(story.open())
        lines = story.stop().export(Tier.FULL, disclose=ranges)
        verdict = judge(lines, references=(story.reference,), tier=Tier.FULL)
    assert verdict.passed, list(failing(verdict))
    assert verdict.counts is not None
    assert verdict.counts.calls is not None
    assert (verdict.counts.calls.opened, verdict.counts.calls.commitments) == (opened, 5)
    assert len(disclosed(lines)) == opened
    assert detail(verdict, ARGUMENTS).startswith(f"asserted: {5 - opened} arguments and answers")


def test_what_is_not_kept_cannot_be_disclosed(tmp_path: Path):
    with CallStory(tmp_path / "log") as story:
        two_calls(story.open())
        with pytest.raises(UnavailableError, match="entry 1"):
            story.stop().export(Tier.FULL, disclose=(range(1, 2),))


@pytest.mark.parametrize(
    ("arguments", "fails"),
    [
        ({"zone": "Europe/Vienna"}, None),
        ({"path": "/srv/zones/a"}, None),
        ({"path": "/srv/time/lib/python3.12/site-packages/zoneinfo/Europe"}, None),
        ({"zone": 5}, "arguments.schema at /zone"),
        ({"other": 5}, "arguments.schema"),
        ({"path": "/srv/zones/../../etc/passwd"}, "arguments.path:places at /path"),
        ({"path": "/etc/passwd"}, "arguments.path:places at /path"),
    ],
    ids=str,
)
def test_a_permit_that_its_disclosed_arguments_contradict_fails(tmp_path: Path, arguments: Any, fails: str | None):
    def tell(story: CallStory) -> None:
        story.answered(story.call(arguments=arguments))

    lines, question = told(tmp_path, tell, reference=PATHS)
    verdict = judge(lines, **question)
    [found] = [each for each in verdict.checks if each.id == ARGUMENTS]
    assert list(failing(verdict)) == ([] if fails is None else [ARGUMENTS])
    assert (found.found or "").startswith(fails or "")


def test_relative_paths_count_from_where_the_server_was_started(tmp_path: Path):
    def tell(story: CallStory) -> None:
        story.answered(story.call(arguments={"path": "srv/zones/a"}))
        story.answered(story.call(arguments={"path": "zones/a"}))

    lines, question = told(tmp_path, tell, reference=PATHS)
    assert detail(judge(lines, **question), ARGUMENTS).startswith("fail: a permitted request that breaks")
    assert not detail(judge(lines, **question), ARGUMENTS).endswith("more)")


@pytest.mark.parametrize(
    ("call", "octets", "expected"),
    [
        ({}, b'{"name":"set_time","arguments":{}}', "another tool"),
        ({}, b'{"name":"get_time","name":"get_time","arguments":{}}', "a JSON object"),
        ({}, b"[]", "a JSON object"),
        ({}, b'{"name":"get_time","arguments":{}', "a JSON object"),
        ({"tool": None, "method": "resources/read"}, b'{"uri":"zone://america/x"}', "breaks the sealed rules"),
        ({"tool": None, "method": "resources/read"}, b'{"uri":"zone://europe/vienna"}', "pass"),
        (
            {"tool": None, "method": "completion/complete"},
            b'{"ref":{"type":"ref/resource","uri":"zone://x/"}}',
            "breaks",
        ),
    ],
    ids=str,
)
def test_a_request_is_what_its_receipt_says(tmp_path: Path, call: dict[str, Any], octets: bytes, expected: str):
    def tell(story: CallStory) -> None:
        made = story.call(**{"tool": "get_time", **call})
        rule = {"rule": "resource.allowed:zones"} if call else {}
        story.answered(change(made, arguments=story.commit(octets)), **rule)

    lines, question = told(tmp_path, tell)
    [found] = [each for each in judge(lines, **question).checks if each.id == ARGUMENTS]
    assert expected in f"{found.status}: {found.detail}: {found.expected}"


def test_without_the_engine_of_a_rule_nobody_says_that_it_was_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    lines, question = told(tmp_path, two_calls)
    monkeypatch.setitem(sys.modules, "jsonschema_rs", None)
    with pytest.raises(UnavailableError, match="portal"):
        judge(lines, **question)
    kept = [line for line in lines if not line.startswith(b'{"kind":"disclosure"')]
    closed = rewrite(kept, "header", setting(opened=0))
    assert judge(closed, **question).passed


def test_an_answer_that_breaks_the_rules_had_to_be_withheld(tmp_path: Path):
    def tell(story: CallStory) -> None:
        decision = story.permit(call := story.call())
        story.outcome(call, decision, result=story.commit(b'{"result":{"content":["' + b"x" * 60 + b'"]}}'))

    lines, question = told(tmp_path, tell, reference=PATHS)
    assert "reached the caller" in detail(judge(lines, **question), ARGUMENTS)


def test_no_disclosure_can_be_changed_dropped_doubled_or_moved(tmp_path: Path):
    lines, question = told(tmp_path, two_calls)
    places = disclosed(lines)
    for place in places:
        rest = [*lines[:place], *lines[place + 1 :]]
        assert list(failing(judge(reseal(rest), **question))) == [DISCLOSURES]
        doubled = [*lines[: place + 1], *lines[place:]]
        assert not judge(reseal(doubled), **question).passed
        for other in range(len(lines)):
            moved = list(rest)
            moved.insert(other, lines[place])
            assert moved == lines or not judge(reseal(moved), **question).passed
    for left in places:
        for right in places:
            swapped = list(lines)
            swapped[left], swapped[right] = swapped[right], swapped[left]
            assert left == right or not judge(reseal(swapped), **question).passed
    for index in range(len(places)):
        for name, value in (("salt", "00" * 16), ("value", to_base64(b"{}"))):
            changed = rewrite(lines, "disclosure", setting(**{name: value}), index)
            assert list(failing(judge(changed, **question))) == [DISCLOSURES]


def test_the_header_says_how_many_there_are(tmp_path: Path):
    lines, question = told(tmp_path, two_calls)
    for count in (0, 4, 6):
        changed = rewrite(lines, "header", setting(opened=count))
        assert list(failing(judge(changed, **question))) == [DISCLOSURES]
    without = rewrite(lines, "header", lambda line: line.pop("opened"))
    assert "integrity.grammar" in failing(judge(without, **question))
    lower = rewrite(without, "header", setting(tier="receipts"))
    assert "integrity.grammar" in failing(judge(lower, **{**question, "tier": Tier.RECEIPTS}))


def test_a_disclosure_behind_a_measurement_opens_nothing(tmp_path: Path):
    lines, question = told(tmp_path, lambda story: story.match())
    line = canonical.encode_value({"kind": "disclosure", "salt": "00" * 16, "value": ""}) + b"\n"
    header = rewrite(lines, "header", setting(opened=1))
    assert list(failing(judge(reseal([*header[:-2], line, *header[-2:]]), **question))) == [DISCLOSURES]
