"""Who answers at an address, and how it describes its tools: one finding for each thing that is not as sealed."""

from __future__ import annotations

import msgspec
import pytest

from attest.appraisal.state import make_findings
from attest.appraisal.upstream import judge_upstream
from attest.statement.findings import FindingKind
from attest.statement.observation import ObservedUpstream, Trouble
from attest.statement.states import State
from attest.statement.tools.described import Described, Item, digest_of_instructions, item_of
from tests.call_documents import LEAST_RULES

SEALED = tuple((each.name, each.sha256) for each in LEAST_RULES.definitions)


def judged(definitions, *, trouble=None):
    seen = ObservedUpstream(
        url="https://far.example/", started_at=1, finished_at=2, definitions=definitions, trouble=trouble
    )
    return judge_upstream(LEAST_RULES, seen)


def test_the_sealed_set_in_any_order_is_as_sealed():
    assert judged(SEALED) == ()
    assert judged(SEALED[::-1]) == ()


@pytest.mark.parametrize(
    "found",
    [(), SEALED[1:], (*SEALED, SEALED[0]), (*SEALED, ("more", "0" * 64)), ((SEALED[0][0], "0" * 64), *SEALED[1:])],
)
def test_any_other_set_is_drift_that_names_the_tool(found):
    findings = judged(found)
    assert {each.kind for each in findings} == {FindingKind.DEFINITION}
    assert all(each.where.startswith("tool ") for each in findings)
    assert make_findings(findings).state is State.DRIFT


def test_what_else_is_pinned_is_judged_as_a_whole():
    item = item_of("prompts/list", {"name": "greet"})
    assert item is not None
    sealed = Described(
        instructions=digest_of_instructions({"instructions": "x"}), prompts=(Item(name=item[0], sha256=item[1]),)
    )
    rules = msgspec.structs.replace(LEAST_RULES, described=sealed)

    def found(instructions, *prompts):
        seen = ObservedUpstream(
            url="https://far.example/",
            started_at=1,
            finished_at=2,
            definitions=SEALED,
            instructions=digest_of_instructions({"instructions": instructions}),
            described={"prompts/list": prompts},
        )
        return [each.where for each in judge_upstream(rules, seen)]

    assert found("x", item) == []
    assert found("y", item) == ["instructions"]
    assert found("x") == ["prompts greet"]
    assert found("x", item, ("more", "0" * 64)) == ["prompts more"]
    assert found("x", item, None) == ['prompts ""']


def test_a_name_that_no_screen_shows_is_one_line():
    [finding] = judged((*SEALED, ("a\nb\x1b", "0" * 64)))
    assert "\n" not in finding.where
    assert "\x1b" not in finding.where


@pytest.mark.parametrize(
    ("kind", "state"), [(FindingKind.UPSTREAM_OTHER, State.DRIFT), (FindingKind.UNREACHABLE, State.UNKNOWN)]
)
def test_who_could_not_be_asked_is_never_a_match(kind, state):
    found = judged(None, trouble=Trouble(kind=kind, detail="another key", expected="a sealed one"))
    assert make_findings(found).state is state
    assert make_findings(judged(None)).state is State.UNKNOWN
