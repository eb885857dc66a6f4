"""Tool rules have one spelling, name only what there is, and say something; the vectors hold every single fault."""

from __future__ import annotations

import msgspec
import pytest

from attest.errors import MalformedError
from attest.statement.tools.calls import CallerResponse, Denial, DenialStage, Outcome, OutcomeStatus
from attest.statement.tools.limits import Limit, Per, Unit
from attest.statement.tools.ordering import check_sorted
from attest.statement.tools.principals import Principal, PrincipalKind
from attest.statement.tools.rules import RULED_METHODS, OnCallerDrift, ResultRule, ToolRules
from tests.call_documents import CALL, LEAST_RULES, OUTCOME, RULES, WITHHELD


def changed(rules: ToolRules = RULES, **fields: object) -> ToolRules:
    return msgspec.structs.replace(rules, **fields)


@pytest.mark.parametrize("rules", [LEAST_RULES, RULES])
def test_good_rules_are_read_as_they_were_written(rules):
    assert msgspec.json.decode(msgspec.json.encode(rules), type=ToolRules) == rules


def test_what_is_a_default_is_not_written():
    written = msgspec.to_builtins(LEAST_RULES)
    assert sorted(written) == ["definitions", "definitionsDigest", "principals", "tools"]
    assert sorted(written["tools"][0]) == ["arguments", "limits", "name"]


@pytest.mark.parametrize("names", [("b", "a"), ("a", "a"), ("a", "b", "ab"), ("a", "B")])
def test_another_order_and_a_name_twice_are_refused(names):
    with pytest.raises(MalformedError, match="in order, each once"):
        check_sorted("x", names)


def test_code_points_are_the_order():
    check_sorted("x", ("", "A", "a", "\ufb33", "\U0001f600"))


@pytest.mark.parametrize("method", sorted(RULED_METHODS))
def test_a_method_with_rules_of_its_own_cannot_be_let_pass(method):
    with pytest.raises(MalformedError, match=method):
        changed(methods=(method,))


def test_one_caller_is_not_two_principals():
    local = [Principal(name=name, kind=PrincipalKind.LOCAL) for name in ("a", "b")]
    with pytest.raises(MalformedError, match="one principal each"):
        changed(LEAST_RULES, principals=tuple(local))


def test_two_tokens_may_be_two_principals():
    tokens = tuple(Principal(name=name, kind=PrincipalKind.TOKEN) for name in ("a", "b"))
    assert changed(LEAST_RULES, principals=tokens).principals == tokens


def test_a_rule_about_results_says_something():
    with pytest.raises(MalformedError, match="nothing"):
        ResultRule()
    assert ResultRule(max_bytes=0).max_bytes == 0


@pytest.mark.parametrize("unit", [Unit.CONCURRENCY, Unit.ROUNDS])
def test_what_does_not_flow_has_no_rate(unit):
    with pytest.raises(MalformedError, match="withinSeconds"):
        Limit(id="a", unit=unit, per=Per.TOOL, amount=1, within_seconds=1)


@pytest.mark.parametrize("kind", PrincipalKind)
def test_a_principal_has_what_it_is_known_by_and_nothing_else(kind):
    every = {"issuer": "i", "audience": "a", "subject": "s", "thumbprint": "0" * 64}
    accepted = []
    for mask in range(16):
        given = {name: value for bit, (name, value) in enumerate(every.items()) if mask >> bit & 1}
        try:
            Principal(name="p", kind=kind, **given)
        except MalformedError:
            continue
        accepted.append(set(given))
    assert len(accepted) == (2 if kind is PrincipalKind.JWT else 1)


@pytest.mark.parametrize("status", OutcomeStatus)
def test_an_outcome_has_an_answer_exactly_where_there_was_one(status):
    none = status in {OutcomeStatus.CANCELLED, OutcomeStatus.LOST}
    good = Outcome(decision=1, status=status, result=None if none else OUTCOME.result, milliseconds=0)
    with pytest.raises(MalformedError, match="outcome"):
        msgspec.structs.replace(good, result=OUTCOME.result if none else None)


@pytest.mark.parametrize("stage", DenialStage)
def test_only_what_was_permitted_can_be_withheld(stage):
    withheld = stage is DenialStage.RESULT
    good = Denial(call=CALL, stage=stage, rule="a", reason="b", enforced=True, decision=1 if withheld else None)
    assert msgspec.structs.replace(good, repeated=2).repeated == 2
    with pytest.raises(MalformedError, match="denial"):
        msgspec.structs.replace(good, decision=None if withheld else 1)
    with pytest.raises(MalformedError, match="denial"):
        msgspec.structs.replace(WITHHELD, stage=DenialStage.REQUEST, decision=None)


def test_every_sealed_response_is_one_that_can_be_recorded():
    assert {*OnCallerDrift} < {str(each) for each in CallerResponse}
