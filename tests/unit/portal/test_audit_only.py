"""Audit-only mode: everything passes, and the log says what would not have."""

from __future__ import annotations

import msgspec
import pytest

from attest.portal.opening import NO_RULES
from tests.sessions import RESULT, opened


def test_in_audit_only_mode_what_is_refused_is_recorded_and_passes():
    talk = opened(audit_only=True)
    talk.tools.append({"name": "new"})
    sent = talk.call(1, "hidden")
    assert talk.to_server == [sent]
    (denial,) = talk.denials()
    assert (denial.enforced, denial.rule) == (False, "tool.unknown")
    said = talk.answer(id=1, result=RESULT)
    assert talk.to_client == [said]
    assert talk.outcomes()[0].outcome.decision == talk.receipts.index(denial)
    assert talk.outcomes()[0].call == denial.call


def test_in_audit_only_mode_everything_is_shown_and_asked():
    talk = opened(audit_only=True)
    talk.say(id=1, method="tools/list")
    said = [talk.answer(id=1, result={"tools": talk.tools}), talk.answer(id=7, method="roots/list")]
    assert talk.to_client == said
    assert [denial.enforced for denial in talk.denials()] == [False]


def test_in_audit_only_mode_a_receipt_comes_first_all_the_same():
    talk = opened(audit_only=True)
    talk.recording = False
    talk.call(1, "hidden")
    assert talk.to_server == []
    talk.record(fails=True)
    assert talk.to_server == []


@pytest.mark.parametrize("audit_only", [True, False])
def test_without_tool_rules_nothing_was_pinned_and_no_definition_has_changed(audit_only):
    talk = opened(audit_only=audit_only, rules=NO_RULES)
    sent = talk.call(1)
    assert talk.to_server == ([sent] if audit_only else [])
    (denial,) = talk.denials()
    assert (denial.enforced, denial.rule) == (not audit_only, "tool.unknown")


@pytest.mark.parametrize("audit_only", [True, False])
def test_a_server_that_was_sealed_without_tools_has_a_changed_definition_once_it_has_one(audit_only):
    talk = opened(audit_only=audit_only, rules=msgspec.structs.replace(NO_RULES))
    talk.call(1)
    (denial,) = talk.denials()
    assert (denial.enforced, denial.rule) == (not audit_only, "definitions.changed")
