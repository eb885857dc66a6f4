"""A session is learned from: the newest whole list of tools, what was called, and a starter file that teaches."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.errors import MalformedError
from attest.seal.tools.definitions_file import definitions_of, read_definitions, write_definitions
from attest.seal.tools.learning import Learned, learn
from attest.seal.tools.making import make_rules
from attest.seal.tools.reading import parse_tools
from attest.seal.tools.session import Sender
from attest.seal.tools.starter import starter
from attest.seal.tools.used import Used, used_in
from attest.signing.dsse import encode_envelope, sign_envelope
from attest.statement.tools.rules import ToolRules
from scripts.faults import with_value
from tests.call_documents import (
    DEFINITIONS,
    DEFINITIONS_DIGEST,
    DENIAL_PAYLOAD,
    DRIFT_PAYLOAD,
    OUTCOME_PAYLOAD,
    PERMIT_PAYLOAD,
)
from tests.log_documents import LOG
from tests.tools_documents import ELEMENTS, SESSION, request, result, session
from tests.world import WRITER


def text_of(learned: Learned) -> str:
    return starter(learned, name="tools.toml", definitions_file="tools.definitions.json")


def rules_of(learned: Learned) -> ToolRules:
    definitions = read_definitions(write_definitions(learned.definitions), where="d")
    return make_rules(parse_tools(text_of(learned).encode(), where="t"), definitions, where="t")


def uncommented(text: str) -> str:
    """The file as it is once a person takes every suggestion."""
    return re.sub(r"^# (?=\[|[a-z-]+(?:-[0-9]+)? = )", "", text, flags=re.MULTILINE)


def test_the_pages_of_a_list_are_one_list_and_what_was_called_is_known():
    learned = learn(SESSION, where="s")
    assert learned.definitions == DEFINITIONS
    assert learned.called == {"get_current_time"}
    assert learned.server == "mcp-time 1.26.0"


def test_only_what_was_called_is_allowed_and_the_rest_is_a_comment():
    rules = rules_of(learn(SESSION, where="s"))
    assert [tool.name for tool in rules.tools] == ["get_current_time"]
    assert rules.definitions_digest == DEFINITIONS_DIGEST
    assert "# [tools.convert_time]" in text_of(learn(SESSION, where="s"))


def test_all_that_was_listed_is_allowed_if_nothing_was_called():
    silent = session(request(1, "tools/list"), result(1, tools=ELEMENTS))
    assert [tool.name for tool in rules_of(learn(silent, where="s")).tools] == ["convert_time", "get_current_time"]


def test_the_newest_list_counts():
    later = session(
        request(1, "tools/list"), result(1, tools=ELEMENTS), request(2, "tools/list"), result(2, tools=ELEMENTS[:1])
    )
    assert learn(later, where="s").definitions == DEFINITIONS[:1]


def test_a_list_that_ends_on_its_first_page_is_no_list():
    half = session(request(1, "tools/list"), result(1, tools=ELEMENTS[:1], nextCursor="x"))
    with pytest.raises(MalformedError, match="all pages"):
        learn(half, where="s")


def test_an_answer_to_another_id_is_no_answer():
    with pytest.raises(MalformedError, match="all pages"):
        learn(session(request(1, "tools/list"), (result(1)[0], {"id": "1", "result": {"tools": []}})), where="s")


def test_runs_that_list_different_tools_are_not_mixed():
    runs = [session(request(1, "tools/list"), result(1, tools=tools)) for tools in (ELEMENTS, ELEMENTS[:1])]
    with pytest.raises(MalformedError, match="get_current_time"):
        learn(b"".join(runs), where="s")
    assert learn(runs[0] * 2, where="s").definitions == DEFINITIONS


def test_a_tool_that_was_called_and_is_not_there_is_not_allowed():
    called = session(request(1, "tools/list"), result(1, tools=ELEMENTS), request(2, "tools/call", name="drop_all"))
    assert learn(called, where="s").called == frozenset()


def test_resources_and_prompts_that_were_used_may_be_used():
    used = session(
        request(1, "tools/list"),
        result(1, tools=[]),
        request(2, "resources/list"),
        result(2, resources=[{"uri": "zone://a"}, {"uri": "zone://b"}]),
        request(3, "resources/templates/list"),
        result(3, resourceTemplates=[{"uriTemplate": "zone://city/{name}"}]),
        request(4, "prompts/list"),
        result(4, prompts=[{"name": "plan"}, {"name": "meet"}]),
        request(5, "resources/read", uri="zone://b"),
        request(6, "prompts/get", name="plan"),
    )
    learned = learn(used, where="s")
    rules = rules_of(learned)
    assert [each.uri for each in rules.resources] == ["zone://b"]
    assert rules.prompts == ("plan",)
    everything = parse_tools(uncommented(text_of(learned)).encode(), where="t")
    assert set(everything.resources.values()) == {"zone://a", "zone://b", "zone://city/*"}


def test_every_suggestion_of_a_starter_file_can_be_taken():
    learned = learn(SESSION, where="s")
    file = parse_tools(uncommented(text_of(learned)).encode(), where="t")
    assert file.tools.keys() == {"convert_time", "get_current_time"}
    assert file.principals
    assert file.sequences
    assert file.baseline
    make_rules(file, DEFINITIONS, where="t")


def test_what_a_tool_says_of_itself_is_shown_and_decides_nothing():
    found = []
    for hint in (True, False):
        tool = {"name": "rm", "inputSchema": {}, "annotations": {"destructiveHint": hint}}
        learned = learn(session(request(1, "tools/list"), result(1, tools=[tool])), where="s")
        assert f"#   says of itself (it decides nothing): {'' if hint else 'not '}destructive\n" in text_of(learned)
        found.append(rules_of(learned).tools)
    assert found[0] == found[1]


def test_the_arguments_of_a_tool_are_named_with_their_types():
    assert "#   arguments: timezone (string)\n" in text_of(learn(SESSION, where="s"))
    tool = {"name": "t", "inputSchema": {"properties": {"a": {"type": "integer"}, "b": {}}, "required": ["b"]}}
    learned = learn(session(request(1, "tools/list"), result(1, tools=[tool])), where="s")
    assert "#   arguments: a (integer, optional), b\n" in text_of(learned)


@pytest.mark.parametrize(
    ("argument", "kind", "pointer"),
    [
        ("path", "string", "/path"),
        ("file_path", "string", "/file_path"),
        ("repoPath", "string", "/repoPath"),
        ("paths", "array", "/paths/-"),
        ("a/dir", "string", "/a~1dir"),
        ("profile", "string", None),
        ("path", "integer", None),
    ],
)
def test_arguments_that_name_files_are_suggested_for_a_path_rule(argument, kind, pointer):
    tool = {"name": "t", "inputSchema": {"properties": {argument: {"type": kind}}}}
    learned = learn(session(request(1, "tools/list"), result(1, tools=[tool])), where="s")
    rules = parse_tools(uncommented(text_of(learned)).encode(), where="t").tools["t"].paths
    assert [each.argument for each in rules.values()] == ([] if pointer is None else [pointer])


NAMES = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=20)
WORDS = st.text(max_size=30)


@given(st.dictionaries(NAMES, WORDS, min_size=1, max_size=3), WORDS, st.lists(WORDS, max_size=2))
def test_no_name_and_no_word_of_a_server_breaks_out_of_its_comment(tools, server, uris):
    elements = [
        {"name": name, "description": word, "inputSchema": {"properties": {word: {}}}} for name, word in tools.items()
    ]
    learned = Learned(
        server=server,
        definitions=definitions_of(elements, where="x"),
        called=frozenset(),
        resources=tuple(uris),
        read=frozenset(),
        templates=(),
        prompts=tuple(uris),
        taken=frozenset(),
    )
    text = text_of(learned)
    assert set(tomllib.loads(text)["tools"]) == set(tools)
    assert set(tomllib.loads(text)) == {"schema", "definitions", "tools", "limits"}
    assert all(line.isprintable() for line in text.split("\n"))


Line = tuple[Sender, dict[str, Any]]


def receipt(payload: bytes) -> bytes:
    return encode_envelope(sign_envelope(payload, WRITER))


def test_what_a_portal_permitted_or_let_pass_was_used_and_what_it_denied_was_not():
    let_pass = with_value(DENIAL_PAYLOAD, ("predicate", "denial", "enforced"), value=False)
    assert used_in([receipt(PERMIT_PAYLOAD), receipt(OUTCOME_PAYLOAD)]).tools == {"get_current_time"}
    assert used_in([receipt(let_pass)]).tools == {"get_current_time"}
    assert used_in([receipt(DENIAL_PAYLOAD), receipt(DRIFT_PAYLOAD), LOG[0].envelope]) == Used()


def asked(number: int, kind: str, elements: list[dict[str, Any]]) -> tuple[Line, Line]:
    return request(number, f"{kind}/list"), result(number, **{kind: elements})


def test_what_was_used_elsewhere_is_allowed_if_the_server_has_it():
    listed = session(
        request(1, "tools/list"),
        result(1, tools=ELEMENTS),
        request(2, "prompts/list"),
        result(2, prompts=[{"name": "p"}]),
    )
    used = Used(tools=frozenset({"convert_time", "gone"}), prompts=frozenset({"p", "gone"}))
    rules = rules_of(learn(listed, used, where="s"))
    assert [tool.name for tool in rules.tools] == ["convert_time"]
    assert rules.prompts == ("p",)
