"""Attacks on the rules, by the numbers of CoSAI's "MCP Security" (T2, T3, T4, T10), each with its benign twin.

The same server for all: a person's notes may be read and searched, mail may be sent to colleagues.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from attest.appraisal.calls.asked import Asked
from attest.appraisal.calls.rulebook import Rulebook
from attest.statement.tools.calls import OutcomeStatus
from attest.statement.tools.limits import Limit, Per, Unit
from attest.statement.tools.rules import (
    BaselineRule,
    InputRequest,
    Order,
    PathRule,
    ResourceRule,
    ResultRule,
    SequenceRule,
    Trait,
)
from tests.tool_rules import ALICE, BOB, Caller, book, call, closed, rules, tool

NAME = {"type": "string", "maxLength": 200}
TOOLS = (
    tool(
        "read_notes",
        closed({"paths": {"type": "array", "items": NAME, "maxItems": 10}}, "paths"),
        paths=(PathRule(id="notes", argument="/paths/-", below=("{tree}/notes",)),),
        result=ResultRule(max_bytes=10_000, refuse_secrets=True, input_requests=(InputRequest.ELICITATION,)),
    ),
    tool("search", closed({"query": NAME, "limit": {"type": "integer", "minimum": 1, "maximum": 50}}, "query")),
    tool(
        "send_mail",
        closed({"to": {"type": "string", "pattern": r"^[a-z.]+@example\.org$"}, "text": NAME}, "to", "text"),
        condition="!arguments.text.contains(';') && arguments.to != 'all@example.org'",
        principals=("alice",),
        limits=(Limit(id="mails", unit=Unit.CALLS, per=Per.PRINCIPAL, amount=3, within_seconds=60),),
    ),
    tool("delete_note", closed({"path": NAME}, "path"), principals=("bob",)),
)
CHANGES: dict[str, Any] = {
    "resources": (ResourceRule(id="notes-uri", uri="file:///srv/notes/*"),),
    "prompts": ("summary",),
    "sequences": (
        SequenceRule(id="no-leak", order=Order.FORBIDDEN, first=("read_notes",), then=("send_mail",)),
        SequenceRule(id="search-first", order=Order.REQUIRED, first=("search",), then=("delete_note",)),
    ),
    "limits": (
        Limit(id="at-once", unit=Unit.CONCURRENCY, per=Per.REFERENCE, amount=4),
        Limit(id="bytes", unit=Unit.BYTES, per=Per.PRINCIPAL, amount=100_000, within_seconds=60),
        Limit(id="rounds", unit=Unit.ROUNDS, per=Per.PRINCIPAL, amount=2),
    ),
    "baseline": (BaselineRule(id="few-denials", trait=Trait.DENIALS, at_most=5, within_seconds=60),),
}


def sealed() -> Rulebook:
    return book(*TOOLS, **CHANGES)


def mail(**changes: Any) -> Asked:
    return call("send_mail", {"to": "bob@example.org", "text": "hello", **changes})


def read(*paths: Any) -> Asked:
    return call("read_notes", {"paths": list(paths)})


def search(**changes: Any) -> Asked:
    return call("search", {"query": "x", **changes})


def other(method: str, **changes: Any) -> Asked:
    return Asked(method=method, size=10, principal=ALICE, **changes)


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


class Attack(NamedTuple):
    threat: str
    name: str
    hostile: Asked
    rule: str
    twin: Asked


ONE_REQUEST = [
    Attack("T2", "a hidden tool", call("forbidden"), "tool.unknown", search()),
    Attack("T2", "another case", call("Search", {"query": "x"}), "tool.unknown", search()),
    Attack("T2", "a homoglyph", call("seаrch", {"query": "x"}), "tool.unknown", search()),
    Attack("T2", "a trailing space", call("search ", {"query": "x"}), "tool.unknown", search()),
    Attack("T2", "a full-width name", call("ｓearch", {"query": "x"}), "tool.unknown", search()),
    Attack("T2", "a tool of another caller", call("delete_note", {"path": "a"}), "principal.tool", search()),
    Attack("T2", "a side door to tools", other("tasks/get"), "method.unknown", other("prompts/get", name="summary")),
    Attack("T2", "a prompt that nobody sealed", other("prompts/get", name="admin"), "prompt.unknown", search()),
    Attack(
        "T2",
        "a resource beside the sealed ones",
        other("resources/read", uri="file:///srv/other/a"),
        "resource.unknown",
        other("resources/read", uri="file:///srv/notes/a"),
    ),
    Attack(
        "T2",
        "a resource by dot segments",
        other("resources/read", uri="file:///srv/notes/..%2f..%2fetc/passwd"),
        "resource.spelling:notes-uri",
        other("resources/read", uri="file:///srv/notes/..a"),
    ),
    Attack("T3", "dot segments", read("../../etc/passwd"), "arguments.path:notes", read("notes/../notes/a")),
    Attack("T3", "encoded dot segments", read("notes/%2e%2e/%2e%2e/etc"), "arguments.path:notes", read("notes/100%25")),
    Attack(
        "T3", "the second of two", read("notes/a", "/etc/shadow"), "arguments.path:notes", read("notes/a", "notes/b")
    ),
    Attack("T3", "a NUL", read("notes/a\x00.txt"), "arguments.path:notes", read("notes/a.txt")),
    Attack("T3", "a URI for a path", read("file:///etc/passwd"), "arguments.path:notes", read("notes/file.txt")),
    Attack("T3", "a shell command", mail(text="x; rm -rf /"), "arguments.condition", mail(text="x, rm is a command")),
    Attack("T3", "a line end behind the pattern", mail(to="bob@example.org\n"), "arguments.schema", mail()),
    Attack("T3", "an address outside", mail(to="bob@example.org.evil.com"), "arguments.schema", mail()),
    Attack("T3", "everybody at once", mail(to="all@example.org"), "arguments.condition", mail(to="al@example.org")),
    Attack("T3", "an argument more", mail(bcc="eve@evil.com"), "arguments.schema", mail()),
    Attack("T3", "__proto__", mail(__proto__={"to": "eve"}), "arguments.schema", mail()),
    Attack("T3", "an integer beyond 2^53", search(limit=2**60), "arguments.form", search(limit=50)),
    Attack("T3", "no number", search(limit=float("nan")), "arguments.form", search(limit=1.0)),
    Attack("T3", "a flag for a number", search(limit=True), "arguments.schema", search(limit=1)),
    Attack("T3", "nesting", search(query=nested(10_000)), "arguments.form", search()),
]


@pytest.mark.parametrize("attack", ONE_REQUEST, ids=lambda attack: f"{attack.threat} {attack.name}")
def test_one_hostile_request_is_refused_and_its_twin_is_not(attack: Attack) -> None:
    who = Caller(sealed())
    refused = who.ask(attack.hostile)
    assert (refused.permitted, refused.rule) == (False, attack.rule)
    assert refused.reason
    assert who.ask(attack.twin).permitted


def test_t4_a_note_that_was_read_is_not_sent_away() -> None:
    who = Caller(sealed())
    assert who.ask(mail()).permitted
    assert who.ask(read("notes/a")).permitted
    assert who.ask(mail()).rule == "sequence.forbidden:no-leak"
    assert who.ask(search()).permitted


def test_t4_nothing_is_deleted_that_was_not_searched_for() -> None:
    who = Caller(sealed())
    delete = call("delete_note", {"path": "a"}, principal=BOB)
    assert who.ask(delete).rule == "sequence.required:search-first"
    assert who.ask(call("search", {"query": "x"}, principal=BOB), call_id="1" * 32).permitted
    assert not who.ask(delete).permitted
    who.ledger.settle("1" * 32, size=10, status=OutcomeStatus.RESULT, now_ms=0)
    assert who.ask(delete).permitted


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda pairs: [(name, "0" * 64 if name == "search" else digest) for name, digest in pairs], "search"),
        (lambda pairs: [("find" if name == "search" else name, digest) for name, digest in pairs], "find"),
        (lambda pairs: [*pairs, ("search", "0" * 64)], "search"),
        (lambda pairs: pairs[1:], "delete_note"),
    ],
    ids=["a description", "a name", "a shadow", "one less"],
)
def test_t4_changed_definitions_are_found(change: Callable[[list], list], word: str) -> None:
    pairs = [(each.name, each.sha256) for each in rules(*TOOLS, **CHANGES).definitions]
    refused = sealed().definitions(change(pairs))
    assert (refused.permitted, refused.rule) == (False, "definitions.changed")
    assert word in refused.reason
    assert sealed().definitions(pairs[::-1]).permitted


def test_t4_a_retry_is_judged_again_with_its_arguments() -> None:
    who = Caller(sealed())
    assert who.ask(read("notes/a"), call_id="1" * 32).permitted
    asking = {"result": {"resultType": "input_required", "inputRequests": {"a": {"method": "elicitation/create"}}}}
    assert who.book.answered(read("notes/a"), asking, 200, who.ledger, 0).permitted
    who.ledger.settle("1" * 32, size=200, status=OutcomeStatus.INPUT_REQUIRED, now_ms=0)
    retry = call("read_notes", {"paths": ["/etc/shadow"]}, round=1)
    assert who.ask(retry, call_id="1" * 32).rule == "arguments.path:notes"
    assert who.ask(call("read_notes", {"paths": ["notes/a"]}, round=1), call_id="1" * 32).permitted


def test_t4_an_answer_does_not_ask_the_model() -> None:
    who = Caller(sealed())
    asking = {"result": {"resultType": "input_required", "inputRequests": {"a": {"method": "sampling/createMessage"}}}}
    assert who.book.answered(read("notes/a"), asking, 200, who.ledger, 0).rule == "result.input"
    assert not who.book.asks_client("sampling/createMessage").permitted


def test_t5_a_key_in_a_note_is_withheld() -> None:
    who = Caller(sealed())
    key = {"result": {"content": [{"type": "text", "text": "postgres://me:q8Zk2lPw9x@db/x"}]}}
    note = {"result": {"content": [{"type": "text", "text": "postgres://user:password@db/x"}]}}
    assert who.book.answered(read("notes/a"), key, 200, who.ledger, 0).rule == "result.secret"
    assert who.book.answered(read("notes/a"), note, 200, who.ledger, 0).permitted


def test_t10_a_burst_is_cut_off() -> None:
    who = Caller(sealed())
    assert [who.ask(mail(), now).permitted for now in range(5)] == [True, True, True, False, False]


def test_t10_a_clock_that_is_set_back_frees_nothing() -> None:
    who = Caller(sealed())
    for _ in range(3):
        assert who.ask(mail(), 100_000).permitted
    assert who.ask(mail(), 0).rule == "clock.backwards"
    for number in range(1, 4):
        who.ledger.settle(f"{number:032x}", size=0, status=OutcomeStatus.RESULT, now_ms=0)
    assert who.ask(mail(), 159_000).rule == "limit:mails"
    assert who.ask(mail(), 161_000).permitted


def test_t10_calls_that_never_end_are_no_more_than_sealed() -> None:
    who = Caller(sealed())
    assert [who.ask(search()).permitted for _ in range(6)] == [True] * 4 + [False] * 2
    who.ledger.settle(f"{1:032x}", size=0, status=OutcomeStatus.CANCELLED, now_ms=0)
    assert who.ask(search()).permitted


def test_t10_bytes_are_counted_both_ways() -> None:
    who = Caller(sealed())
    assert who.ask(search(), call_id="1" * 32).permitted
    assert who.book.answered(search(), {"result": {}}, 99_901, who.ledger, 0).rule == "limit:bytes"
    assert who.book.answered(search(), {"result": {}}, 99_900, who.ledger, 0).permitted
    assert who.ask(call("search", {"query": "x"}, size=99_901)).rule == "limit:bytes"


def test_t10_questions_without_end_end() -> None:
    who = Caller(sealed())
    asking = {"result": {"resultType": "input_required", "inputRequests": {}}}
    answers = [who.book.answered(call("read_notes", round=n), asking, 10, who.ledger, 0).rule for n in range(3)]
    assert answers == ["result.allowed", "result.allowed", "limit:rounds"]


def test_t10_who_only_tries_is_stopped_alone() -> None:
    who = Caller(sealed())
    for _ in range(6):
        assert who.ask(call("forbidden")).rule == "tool.unknown"
    assert who.ask(search()).rule == "caller.drifted:few-denials"
    assert who.ask(call("search", {"query": "x"}, principal=BOB)).permitted
