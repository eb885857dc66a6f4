"""Words are put before a server's command and taken away again, and no other byte of the file is another."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.clients.editing import put_before, spell, take_away, take_words
from attest.clients.formats import FORMATS, read_servers
from attest.errors import AttestError, MalformedError, RefusedError
from tests.configurations import EXAMPLES, WORDS, Drawn, json_configurations, toml_configurations
from tests.laws import examples

BEFORE = ("/opt/my tools/attest", "portal", "one", "--")
ROWS = [(name, keys) for name, example in EXAMPLES.items() for keys in example.keys]
DRAWN = json_configurations() | toml_configurations()


def parsed(octets: bytes, form: str) -> Any:
    return FORMATS[form].parse(octets, "here")


def server_at(document: Any, keys: Sequence[str]) -> dict[str, Any]:
    for key in keys:
        document = document[key]
    return document["command"] if isinstance(document["command"], dict) else document


def taken_out(document: Any, keys: Sequence[str]) -> list[str]:
    """Take command and arguments out of a document, the command first."""
    server = server_at(document, keys)
    return [server.pop("path" if "path" in server else "command"), *(server.pop("args", None) or [])]


def check_wrapped(octets: bytes, form: str, keys: Sequence[str], before: Sequence[str] = BEFORE) -> bytes:
    """The law: the words stand before the command, the rest says the same, and the way back ends at the same bytes."""
    wrapped, changes = put_before(octets, form, keys, before, where="here")
    old, new = parsed(octets, form), parsed(wrapped, form)
    assert taken_out(new, keys) == [*before, *taken_out(old, keys)]
    assert new == old
    assert take_away(wrapped, form, keys, changes, where="here") == octets
    return wrapped


@pytest.mark.parametrize(("name", "keys"), ROWS, ids=lambda value: value if isinstance(value, str) else value[-1])
def test_a_server_of_every_client_is_wrapped_and_unwrapped(name, keys):
    check_wrapped(EXAMPLES[name].octets, EXAMPLES[name].form, keys)


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
def test_all_servers_of_a_file_are_wrapped_and_unwrapped_in_any_order(example):
    octets, made = example.octets, []
    for keys in example.keys:
        octets, changes = put_before(octets, example.form, keys, BEFORE, where="here")
        made.append((keys, changes))
    servers = read_servers(octets, example.form, where="here")
    assert [each.command[: len(BEFORE)] for each in servers if each.command] == [BEFORE] * len(example.keys)
    for keys, changes in made:
        octets = take_away(octets, example.form, keys, changes, where="here")
    assert octets == example.octets


def test_every_form_has_an_example():
    assert {example.form for example in EXAMPLES.values()} == FORMATS.keys()


@examples(10)
@given(DRAWN, st.data())
def test_whatever_a_configuration_says_the_way_back_ends_at_the_same_bytes(drawn: Drawn, data: st.DataObject):
    name = data.draw(st.sampled_from(sorted(drawn.servers)))
    keys = ("mcp_servers" if drawn.form == "codex" else "mcpServers", name)
    before = [data.draw(WORDS.filter(bool)), *data.draw(st.lists(WORDS, max_size=3))]
    check_wrapped(drawn.octets, drawn.form, keys, before)


@given(DRAWN)
def test_every_value_is_found_where_it_stands(drawn: Drawn):
    """What the scanner calls a value is, cut out and read alone, the value at its path."""
    document = parsed(drawn.octets, drawn.form)
    for node in FORMATS[drawn.form].nodes(drawn.octets, ()):
        value: Any = document
        for step in node.path:
            value = value[step]
        alone = node.value.of(drawn.octets)
        wrapped = b"x = " + alone if drawn.form == "codex" else b'{"x": ' + alone + b"}"
        assert parsed(wrapped, drawn.form)["x"] == value


@given(DRAWN, st.data())
def test_words_are_taken_away_from_a_file_that_was_laid_out_anew(drawn: Drawn, data: st.DataObject):
    keys = ("mcp_servers" if drawn.form == "codex" else "mcpServers", data.draw(st.sampled_from(sorted(drawn.servers))))
    wrapped, _ = put_before(drawn.octets, drawn.form, keys, BEFORE, where="here")
    if drawn.form != "codex":
        wrapped = json.dumps(parsed(wrapped, drawn.form), indent=data.draw(st.sampled_from([None, 4]))).encode()
    old = parsed(drawn.octets, drawn.form)
    new = parsed(take_words(wrapped, drawn.form, keys, BEFORE, where="here"), drawn.form)
    assert taken_out(new, keys) == taken_out(old, keys)
    assert new == old


def test_words_that_are_not_there_are_not_taken_away():
    octets = EXAMPLES["claude-desktop"].octets
    for words in (BEFORE, ("uvx",), ("npx", "-y", "x", "y")):
        with pytest.raises(RefusedError):
            take_words(octets, "mcpServers", ("mcpServers", "filesystem"), words, where="here")


def test_arguments_keep_their_lines_and_comments():
    wrapped = check_wrapped(EXAMPLES["codex"].octets, "codex", ("mcp_servers", "docs"))
    assert b'command = "/opt/my tools/attest" # "pinned"\nargs = [\n    # of the index\n' in wrapped
    assert b'    "portal", "one", "--", "npx",\n    "-y",\n    \'docs@1.0\', # last\n]' in wrapped


def test_line_ends_stay_those_of_the_file():
    wrapped = check_wrapped(EXAMPLES["cursor"].octets, "mcpServers", ("mcpServers", "one"))
    assert wrapped.count(b"\n") == wrapped.count(b"\r\n") > 5


def test_a_file_that_was_edited_elsewhere_is_unwrapped_all_the_same():
    example, keys = EXAMPLES["claude-desktop"], ("mcpServers", "filesystem")
    wrapped, changes = put_before(example.octets, example.form, keys, BEFORE, where="here")
    for old, new in ((b"Zurich", b"Bern"), (b'"/srv/files"', b'"/srv/files", "/srv/more"')):
        edited = wrapped.replace(old, new)
        assert take_away(edited, example.form, keys, changes, where="here") == example.octets.replace(old, new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"/opt/my tools/attest"', b'"attest"'),
        (b'"portal", "one"', b'"portal", "two"'),
        (b'"--"', b'"--log", "x", "--"'),
        (b'"args"', b'"arguments"'),
        (b'"filesystem"', b'"files"'),
    ],
)
def test_what_is_ours_no_more_is_not_unwrapped(old, new):
    example, keys = EXAMPLES["claude-desktop"], ("mcpServers", "filesystem")
    wrapped, changes = put_before(example.octets, example.form, keys, BEFORE, where="here")
    assert old in wrapped
    with pytest.raises(RefusedError):
        take_away(wrapped.replace(old, new), example.form, keys, changes, where="here")


def test_an_argument_added_where_there_were_none_leaves_no_broken_file():
    octets = b'{"mcpServers": {"one": {"command": "x", "args": []}}}'
    wrapped, changes = put_before(octets, "mcpServers", ("mcpServers", "one"), BEFORE, where="here")
    with pytest.raises(AttestError):
        take_away(wrapped.replace(b'"x"]', b'"x", "y"]'), "mcpServers", ("mcpServers", "one"), changes, where="here")


@pytest.mark.parametrize(
    ("form", "octets"),
    [
        ("mcpServers", b'{"mcpServers": {"one": {"url": "https://mcp.example"}}}'),
        ("mcpServers", b'{"mcpServers": {}}'),
        ("codex", b"[other]\ncommand = 'x'"),
        ("codex", b"[[mcp_servers.one]]\ncommand = 'x'"),
    ],
)
def test_a_server_without_a_command_is_refused(form, octets):
    with pytest.raises(RefusedError):
        put_before(octets, form, ("mcp_servers" if form == "codex" else "mcpServers", "one"), BEFORE, where="here")


@pytest.mark.parametrize("octets", [b'{"mcpServers": {"one": {"command": "x", "command": "y"}}}', b"{", b"\xff"])
def test_what_is_no_configuration_is_not_edited(octets):
    with pytest.raises(MalformedError):
        put_before(octets, "mcpServers", ("mcpServers", "one"), BEFORE, where="here")


def test_a_path_that_is_no_text_is_refused():
    with pytest.raises(RefusedError):
        spell("/opt/\udcff/attest")


def test_a_large_file_takes_no_long_time():
    history = b'"history": [' + b",".join([b'{"a": "b", "c": [1, 2]}'] * 20_000) + b"], "
    check_wrapped(b"{" + history + b'"mcpServers": {"one": {"command": "x"}}}', "mcpServers", ("mcpServers", "one"))
