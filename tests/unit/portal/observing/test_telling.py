"""A line a decision: it says who, what and by which rule, and nothing of what was said."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping

from attest.cli.portal_watching import Aside
from attest.portal.observing.observed import Observed, all_of
from attest.portal.observing.telling import told_of
from attest.portal.session.effects import Permitted
from attest.portal.session.outbox import Receipt
from tests.sessions import opened
from tests.world import NOW

SECRET = "hunter2"


def lines_of(receipts: list[object]) -> list[dict[str, object]]:
    told = []
    for sequence, content in enumerate(receipts):
        receipt = Receipt(sequence=sequence, digest=f"{sequence:064x}")
        told.append(told_of(Observed(content=content, receipt=receipt, waited_seconds=0), NOW))  # type: ignore[arg-type]
    return told


def test_a_permit_its_outcome_and_a_denial_say_who_what_and_by_which_rule() -> None:
    talk = opened()
    talk.call(1, "echo", arguments={"text": SECRET})
    talk.answer(id=1, result={"content": [{"type": "text", "text": SECRET}]})
    talk.call(2, "hidden", arguments={"text": SECRET})
    permit, outcome, denial = lines_of(talk.receipts)
    assert permit["event"] == "permit"
    assert permit["rule"] == "tool.allowed"
    assert (permit["tool"], permit["principal"], permit["sequence"]) == ("echo", "local", 0)
    assert permit["receipt"] == "0" * 64
    assert outcome["event"] == "outcome"
    assert (outcome["status"], outcome["decision"], outcome["call"]) == ("result", 0, permit["call"])
    assert denial["event"] == "denial"
    assert (denial["rule"], denial["stage"], denial["enforced"]) == ("tool.unknown", "request", True)
    assert SECRET not in json.dumps([permit, outcome, denial])


def test_what_could_not_be_recorded_says_so() -> None:
    talk = opened()
    talk.call(1)
    told = told_of(Observed(content=talk.receipts[0], receipt=None, waited_seconds=0), NOW)
    assert (told["level"], told["recorded"], told["receipt"]) == ("error", False, None)


def test_nobody_who_watches_is_nothing_to_do() -> None:
    assert all_of(()) is None
    seen: list[Observed] = []
    both = all_of((seen.append, seen.append))
    assert both is not None
    both(Observed(content=opened_permit(), receipt=None, waited_seconds=0))
    assert len(seen) == 2


def opened_permit() -> Permitted:
    talk = opened()
    talk.call(1)
    return talk.permits()[0]


def test_who_does_not_read_holds_nobody_up_and_is_told_how_much_was_left_out() -> None:
    written: list[Mapping[str, object]] = []
    stuck, free = threading.Event(), threading.Event()

    def write(told: Mapping[str, object]) -> None:
        stuck.set()
        assert free.wait(60)
        written.append(told)

    with Aside(write) as aside:
        aside.put({"number": -1})
        assert stuck.wait(60)
        for number in range(5000):
            aside.put({"number": number})
        free.set()
    assert [each["number"] for each in written if "number" in each] == list(range(-1, 4096))
    notice = next(str(each["message"]) for each in written if "message" in each)
    assert notice.startswith("904 lines were left out")


def test_standard_error_that_is_gone_is_no_error() -> None:
    def write(_told: Mapping[str, object]) -> None:
        raise BrokenPipeError

    with Aside(write) as aside:
        for _ in range(10):
            aside.put({})
