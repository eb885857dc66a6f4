"""Counts by rule and tool: bounded by what is sealed, and in flight is what was permitted and has no outcome."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from attest.portal.observing.counts import Counts
from attest.portal.observing.observed import Observed
from attest.portal.session.effects import Content, Permitted, Settled
from attest.portal.session.outbox import Receipt
from attest.statement.tools.calls import Call, Denial, DenialStage, Outcome, OutcomeStatus, Permit
from tests.sessions import RESULT, opened

CALL_ID = "0" * 32


def counts(log: Path = Path("/nowhere")) -> Counts:
    return Counts(("echo", "wait"), log, lambda: 5_000)


def seen(content: Content, sequence: int | None = 7, waited: float = 0.002) -> Observed:
    receipt = None if sequence is None else Receipt(sequence=sequence, digest="1" * 64)
    return Observed(content=content, receipt=receipt, waited_seconds=waited)


def permit(tool: str | None = "echo", rule: str = "tool.allowed") -> Permitted:
    call = Call(id=CALL_ID, method="tools/call", tool=tool, principal="local")
    return Permitted(call=call, permit=Permit(rule=rule, upstream="pid 1 start 2"))


def outcome(status: OutcomeStatus = OutcomeStatus.LOST, milliseconds: int = 20) -> Settled:
    told = Outcome(decision=7, status=status, milliseconds=milliseconds)
    return Settled(call=permit().call, outcome=told)


def denial(rule: str = "tool.unknown", stage: DenialStage = DenialStage.REQUEST, **changes: object) -> Denial:
    decision = 7 if stage is DenialStage.RESULT else None
    told = {"reason": "no", "enforced": True, "decision": decision, **changes}
    return Denial(call=permit("hidden").call, stage=stage, rule=rule, **told)  # type: ignore[arg-type]


def told(counted: Counts) -> dict[str, str]:
    return dict(line.rsplit(" ", 1) for line in counted.lines() if not line.startswith("#"))


def test_permits_denials_and_outcomes_are_counted_by_rule_and_tool() -> None:
    counted = counts()
    for content in (permit(), permit(), outcome(), denial(repeated=3), denial(stage=DenialStage.SERVER_REQUEST)):
        counted.observe(seen(content))
    lines = told(counted)
    assert lines['attest_portal_permits_total{rule="tool.allowed",tool="echo"}'] == "2"
    assert lines['attest_portal_outcomes_total{tool="echo",status="lost"}'] == "1"
    refused = 'attest_portal_denials_total{rule="tool.unknown",tool="other",stage="%s",enforced="true"}'
    assert lines[refused % "request"] == "3"
    assert lines[refused % "server-request"] == "1"
    assert lines["attest_portal_in_flight"] == "1"
    assert lines["attest_portal_log_entries"] == "8"
    assert lines['attest_portal_receipt_seconds_bucket{le="0.001"}'] == "0"
    assert lines['attest_portal_receipt_seconds_bucket{le="0.0025"}'] == lines["attest_portal_receipt_seconds_count"]
    assert lines['attest_portal_server_seconds_bucket{le="0.025"}'] == "1"
    assert lines["attest_portal_server_seconds_sum"] == "0.02"


def test_what_could_not_be_recorded_is_no_permit() -> None:
    counted = counts()
    counted.observe(seen(permit(), sequence=None))
    lines = told(counted)
    assert lines["attest_portal_unrecorded_total"] == "1"
    assert lines["attest_portal_in_flight"] == "0"
    assert not any("permits_total" in line for line in lines)


def test_a_withheld_answer_is_no_longer_in_flight() -> None:
    counted = counts()
    counted.observe(seen(permit()))
    counted.observe(seen(denial("result.size", DenialStage.RESULT)))
    assert told(counted)["attest_portal_in_flight"] == "0"


def test_what_is_let_pass_in_audit_only_mode_is_in_flight_until_its_outcome() -> None:
    counted = counts()
    counted.observe(seen(denial(enforced=False)))
    assert told(counted)["attest_portal_in_flight"] == "1"
    counted.observe(seen(denial("result.size", DenialStage.RESULT, enforced=False)))
    counted.observe(seen(outcome()))
    assert told(counted)["attest_portal_in_flight"] == "0"


def test_what_callers_ask_for_makes_no_labels() -> None:
    counted = counts()
    for number in range(2000):
        counted.observe(seen(permit(f"tool{number}", f"rule:{number}")))
    lines = [line for line in told(counted) if "permits_total" in line]
    assert all('tool="other"' in line for line in lines)
    assert len(lines) == 513


def test_the_size_of_the_log_is_what_its_files_take(tmp_path: Path) -> None:
    (tmp_path / "log.db").write_bytes(b"x" * 100)
    (tmp_path / "log.db-wal").write_bytes(b"x" * 20)
    (tmp_path / "lock").write_bytes(b"x")
    assert told(counts(tmp_path))["attest_portal_log_bytes"] == "120"


@given(st.booleans(), st.lists(st.sampled_from(["echo", "hidden", "fail"]), max_size=12), st.booleans())
def test_nothing_is_in_flight_once_all_is_answered(audit_only, tools, dies) -> None:
    counted, talk = counts(), opened(audit_only=audit_only)
    for number, tool in enumerate(tools, 1):
        talk.call(number, tool)
        if dies:
            continue
        talk.answer(id=number, result=RESULT)
    if dies:
        talk.session.server_ended(talk.now)
        talk.settle()
    for sequence, content in enumerate(talk.receipts):
        counted.observe(seen(content, sequence))
    assert told(counted)["attest_portal_in_flight"] == "0"
