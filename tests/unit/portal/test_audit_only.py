"""Audit-only mode: everything passes, and the log says what would not have."""

from __future__ import annotations

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
