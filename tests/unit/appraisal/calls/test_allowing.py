"""What no rule names is refused: tools, resources, prompts, completion, methods, principals; each with its twin."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.appraisal.calls.asked import Asked
from attest.errors import MalformedError
from attest.statement.tools.principals import Principal, PrincipalKind
from attest.statement.tools.rules import ResourceRule
from tests.tool_rules import ALICE, BOB, MALLORY, book, call, rules, tool

BOOK = book(
    tool("read_file"),
    tool("write_file", principals=("bob",)),
    tool("café"),
    resources=(
        ResourceRule(id="docs", uri="file:///srv/docs/*"),
        ResourceRule(id="one", uri="memo://insights"),
        ResourceRule(id="web", uri="https://example.com/*"),
    ),
    prompts=("greet",),
    methods=("tasks/get",),
)


def ruled(asked: Asked) -> str:
    ruling = BOOK.decide(asked, BOOK.ledger(), 0)
    assert ruling.permitted == ruling.rule.split(":")[0].endswith(".allowed")
    return ruling.rule


def ask(method: str, **changes: object) -> Asked:
    return Asked(method=method, size=10, principal=ALICE, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["read_file", "café"])
def test_a_sealed_tool_may_be_called(name: str) -> None:
    assert ruled(call(name)) == "tool.allowed"


@pytest.mark.parametrize(
    "name",
    [
        "forbidden",
        "Read_File",
        "READ_FILE",
        "read_file ",
        " read_file",
        "read_file\u200b",
        "read_file\x00",
        "read_fіle",
        "ｒead_file",
        "read-file",
        "cafe\u0301",
        "",
    ],
)
def test_a_tool_of_nearly_the_same_name_may_not(name: str) -> None:
    assert ruled(call(name)) == "tool.unknown"


def test_a_call_without_a_name_is_refused() -> None:
    assert ruled(ask("tools/call")) == "tool.unknown"


@pytest.mark.parametrize("method", ["tasks/list", "tools/Call", "tools/call ", "sampling/createMessage", ""])
def test_a_method_that_nobody_named_is_refused(method: str) -> None:
    assert ruled(ask(method, name="read_file")) == "method.unknown"
    assert ruled(ask("tasks/get")) == "method.allowed"


def test_a_tool_of_others_is_refused() -> None:
    assert ruled(call("write_file", principal=ALICE)) == "principal.tool"
    assert ruled(call("write_file", principal=BOB)) == "tool.allowed"


@pytest.mark.parametrize("principal", [None, MALLORY, Principal(name="bob", kind=PrincipalKind.LOCAL)])
def test_who_is_not_sealed_may_nothing(principal: Principal | None) -> None:
    assert ruled(call("read_file", principal=principal)) == "principal.unknown"


@pytest.mark.parametrize("method", ["resources/read", "resources/subscribe", "completion/complete"])
def test_a_sealed_resource_may_be_read(method: str) -> None:
    assert ruled(ask(method, uri="memo://insights")) == "resource.allowed:one"
    assert ruled(ask(method, uri="file:///srv/docs/a/b%20c.txt")) == "resource.allowed:docs"
    assert ruled(ask(method, uri="file:///srv/docs/a..b/...txt")) == "resource.allowed:docs"


def test_a_template_may_be_completed_where_all_of_it_may_be_read() -> None:
    assert ruled(ask("completion/complete", uri="file:///srv/docs/{path}")) == "resource.allowed:docs"
    assert ruled(ask("completion/complete", uri="file:///{path}")) == "resource.unknown"


@pytest.mark.parametrize(
    "uri",
    [
        None,
        "",
        "memo://insights/",
        "memo://insights?x",
        "Memo://insights",
        "FILE:///srv/docs/a",
        "file:///srv/doc",
        "file://localhost/srv/docs/a",
        "https://example.com.evil.org/",
        "https://example.com@evil.org/",
    ],
)
def test_a_resource_of_nearly_the_same_uri_is_refused(uri: str | None) -> None:
    assert ruled(ask("resources/read", uri=uri)) == "resource.unknown"


@pytest.mark.parametrize(
    "rest",
    [
        "../secret",
        "a/../../secret",
        "..",
        "./a",
        "%2e%2e/secret",
        "%2E%2E%2Fsecret",
        "%252e%252e%252fsecret",
        "%25252e%25252e/secret",
        "%2525252e%2525252e/secret",
        "..\\secret",
        "a%5c..%5csecret",
        "\uff0e\uff0e/secret",
        "a?file=../../secret",
        "a%00.txt",
        "a\n../b",
    ],
)
def test_a_spelling_that_could_leave_the_prefix_is_refused(rest: str) -> None:
    assert ruled(ask("resources/read", uri=f"file:///srv/docs/{rest}")) == "resource.spelling:docs"


@pytest.mark.parametrize("uri", ["https://example.com*", "https://*", "file://*"])
def test_a_prefix_that_ends_within_a_host_is_no_rule(uri: str) -> None:
    with pytest.raises(MalformedError, match="beyond the host"):
        book(resources=(ResourceRule(id="r", uri=uri),))


def test_prompts_are_allowed_by_name_for_taking_and_completing() -> None:
    for method in ("prompts/get", "completion/complete"):
        assert ruled(ask(method, name="greet")) == "prompt.allowed"
        assert ruled(ask(method, name="Greet")) == "prompt.unknown"
    assert ruled(ask("prompts/get", name="read_file")) == "prompt.unknown"


def test_exactly_the_sealed_tools_may_be_called() -> None:
    sealed = rules(tool("a"), tool("b"))
    rulebook = book(tool("a"), tool("b"))
    names = [each.name for each in sealed.definitions]
    assert [name for name in names if rulebook.decide(call(name), rulebook.ledger(), 0).permitted] == ["a", "b"]


def test_a_list_shows_what_may_be_called_as_it_was_sealed() -> None:
    [read, forbidden] = rules(tool("a")).definitions
    rulebook = book(tool("a"))
    assert (read.name, forbidden.name) == ("a", "forbidden")
    assert rulebook.shows("a", read.sha256)
    assert not rulebook.shows("a", forbidden.sha256)
    assert not rulebook.shows("forbidden", forbidden.sha256)


def test_a_change_of_the_set_of_definitions_is_named() -> None:
    rulebook = book(tool("a"), tool("b"))
    pairs = [(each.name, each.sha256) for each in rules(tool("a"), tool("b")).definitions]
    assert rulebook.definitions(reversed(pairs)).permitted
    changed = {
        "a is not the sealed one": [("a", "0" * 64), *pairs[1:]],
        "b is gone": [pairs[0], pairs[2]],
        "c was not there": [*pairs, ("c", "0" * 64)],
        "a stands there more than once": [*pairs, pairs[0]],
        r"\u202e was not there": [*pairs, ("\u202e", "0" * 64)],
        "is gone": [],
    }
    for reason, found in changed.items():
        ruling = rulebook.definitions(found)
        assert (ruling.permitted, ruling.rule) == (False, "definitions.changed")
        assert reason in ruling.reason


NAMES = st.text(st.sampled_from("aAbBé\u0301\u200b _\uff41-"), min_size=1, max_size=4)


@given(st.sets(NAMES, min_size=1, max_size=4), st.lists(NAMES, max_size=8))
def test_a_tool_may_be_called_exactly_if_its_name_is_sealed(sealed: set[str], others: list[str]) -> None:
    rulebook = book(*(tool(name) for name in sealed))
    spelled = [
        form for name in sealed for form in (name, name.upper(), name.strip(), unicodedata.normalize("NFC", name))
    ]
    for name in (*spelled, *others):
        assert rulebook.decide(call(name), rulebook.ledger(), 0).permitted is (name in sealed)


PIECES = st.sampled_from(["..", ".", "a", "/", "?", "#", "=", "&", ";", "%2e", "%2F", "%25", "\\", "\uff0e", " ", "\t"])


@given(st.lists(PIECES, max_size=8).map("".join))
def test_no_reading_of_a_permitted_uri_has_dot_segments(rest: str) -> None:
    uri = f"file:///srv/docs/{rest}"
    if not ruled(ask("resources/read", uri=uri)).startswith("resource.allowed"):
        return
    for reading in (uri, unquote(uri), unquote(unquote(uri)), unicodedata.normalize("NFKC", unquote(uri))):
        assert not {".", ".."} & set(re.split(r"[/?#&=;\\]", reading))
