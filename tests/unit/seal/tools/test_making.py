"""`tools.toml` becomes rules: sorted, closed, about what the server has; every fault is said with its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from attest.codec import canonical, strict
from attest.errors import AttestError, MalformedError, UnavailableError
from attest.seal.tools.definitions_file import read_definitions, write_definitions
from attest.seal.tools.making import make_rules
from attest.seal.tools.reading import parse_tools, read_tools
from attest.statement.tools.principals import PrincipalKind
from attest.statement.tools.rules import ToolRules
from tests.call_documents import DEFINITIONS, DEFINITIONS_DIGEST, LEAST_RULES, RULES
from tests.tools_documents import DEFINITIONS_FILE, LEAST_TOOLS, TOOLS


def rules_of(octets: bytes) -> ToolRules:
    return make_rules(parse_tools(octets, where="t.toml"), DEFINITIONS, where="t.toml")


def with_tool(lines: str) -> bytes:
    return LEAST_TOOLS + f"[tools.get_current_time]\n{lines}\n".encode()


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "tools.definitions.json").write_bytes(DEFINITIONS_FILE)
    (tmp_path / "tools.toml").write_bytes(TOOLS)
    return tmp_path / "tools.toml"


def test_the_whole_file_becomes_rules_that_can_be_read_back(files):
    rules = read_tools(files)
    assert strict.read(canonical.encode(rules), ToolRules, where="x") == rules
    assert rules.definitions == DEFINITIONS
    assert [tool.name for tool in rules.tools] == ["convert_time", "get_current_time"]
    assert rules.principals == RULES.principals[1:]
    assert rules.resources == RULES.resources
    assert rules.sequences == RULES.sequences
    assert rules.baseline == RULES.baseline
    assert [limit.id for limit in rules.tools[1].limits] == ["clock-rate", "clock-session"]


def test_arguments_are_the_servers_own_closed_with_what_the_file_says_laid_over(files):
    schema = json.loads(read_tools(files).tools[1].arguments)
    assert schema == json.loads(LEAST_RULES.tools[0].arguments)


def test_a_file_without_tools_allows_nothing_and_names_the_local_user():
    rules = rules_of(LEAST_TOOLS)
    assert rules.tools == ()
    assert [(each.name, each.kind) for each in rules.principals] == [("local", PrincipalKind.LOCAL)]
    assert rules.egress is None


def test_no_egress_and_no_word_of_it_are_two_things():
    assert rules_of(b"egress = []\n" + LEAST_TOOLS).egress == ()


def test_a_whole_schema_takes_the_place_of_the_servers_own():
    rules = rules_of(with_tool("schema = { properties = { zone = { const = 'UTC' } } }"))
    expected = {"additionalProperties": False, "properties": {"zone": {"const": "UTC"}}, "type": "object"}
    assert json.loads(rules.tools[0].arguments) == expected


def test_the_order_of_the_file_does_not_count():
    head, _, rest = TOOLS.decode().partition("[tools.get_current_time]")
    first, _, then = rest.partition("[tools.convert_time]")
    second, _, tail = then.partition("[principals.local]")
    turned = f"{head}[tools.convert_time]{second}[tools.get_current_time]{first}[principals.local]{tail}".encode()
    assert turned != TOOLS
    assert rules_of(turned) == rules_of(TOOLS)


@pytest.mark.parametrize(
    ("lines", "place"),
    [
        ("costs = 2", "t.toml: tools.get_current_time"),
        ("limits.fast = { amount = 1, within = 2 }", "t.toml: tools.get_current_time.limits.fast"),
        ("limits.fast = { amount = -1 }", "t.toml: tools.get_current_time.limits.fast: $.amount"),
        ("paths.p = { argument = 'x', below = ['/'] }", "t.toml: tools.get_current_time.paths.p: $.argument"),
        ("arguments.properties.zone.type = 'string'", "t.toml: tools.get_current_time.arguments.properties"),
        ("result = {}", "t.toml: result rule"),
        ("schema = { type = 3979-01-01 }", "t.toml: tools.get_current_time.arguments"),
        ("[limits.a]", "t.toml: limits.a"),
        ("[sequences.a]", "t.toml: sequences.a"),
        ("[tool.a]", "t.toml"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(lines, place):
    with pytest.raises(MalformedError) as caught:
        rules_of(with_tool(lines))
    assert caught.value.where == place


def test_other_definitions_are_refused_with_the_digest_to_write_once_they_were_reviewed(files):
    beside = files.with_name("tools.definitions.json")
    beside.write_bytes(DEFINITIONS_FILE.replace(b"Convert time", b"Convert times"))
    with pytest.raises(MalformedError, match=r"definitions\.sha256") as caught:
        read_tools(files)
    files.write_bytes(TOOLS.replace(DEFINITIONS_DIGEST.encode(), caught.value.expected[:64].encode()))
    assert "Convert times" in read_tools(files).definitions[0].text


@pytest.mark.parametrize("name", ["../tools.definitions.json", "/etc/passwd", "a/b.json", ".."])
def test_definitions_lie_beside_the_rules_and_nowhere_else(files, name):
    files.write_bytes(TOOLS.replace(b"tools.definitions.json", name.encode()))
    with pytest.raises(AttestError):
        read_tools(files)


def test_definitions_that_are_not_there_are_unavailable(files):
    files.with_name("tools.definitions.json").unlink()
    with pytest.raises(UnavailableError):
        read_tools(files)


def test_the_layout_of_the_definitions_does_not_count_and_their_order_neither():
    elements = json.loads(DEFINITIONS_FILE)
    turned = json.dumps(elements[::-1]).encode()
    assert read_definitions(turned, where="x") == DEFINITIONS == read_definitions(DEFINITIONS_FILE, where="x")


def test_what_no_screen_shows_is_an_escape_in_the_definitions():
    hidden = "a\u200bb\u202ec\U000e0041\u00adü\u2028"
    octets = json.dumps([{"name": "t", "description": hidden, "inputSchema": {}}]).encode()
    definitions = read_definitions(octets, where="x")
    written = write_definitions(definitions)
    assert b"a\\u200bb\\u202ec\\udb40\\udc41\\u00ad\xc3\xbc\\u2028" in written
    assert read_definitions(written, where="x") == definitions


@pytest.mark.parametrize("octets", [b"{}", b"[1]", b'[{"name":1}]', b'[{"name":"a"},{"name":"a"}]', b'[{"a":1,"a":1}]'])
def test_what_is_no_list_of_tools_is_refused(octets):
    with pytest.raises(MalformedError, match=r"^x"):
        read_definitions(octets, where="x")


DECOY = b'[decoys]\n"/srv/ops/.netrc" = "machine internal.example"\n'


def test_decoys_are_sealed_where_a_phantom_may_see_them():
    rules = rules_of(b'on-caller-drift = "phantom"\n' + LEAST_TOOLS + DECOY)
    assert [(each.path, each.text) for each in rules.decoys] == [("/srv/ops/.netrc", "machine internal.example")]
    with pytest.raises(MalformedError, match="onCallerDrift phantom"):
        rules_of(LEAST_TOOLS + DECOY)


@pytest.mark.parametrize("path", ["relative", "/", "/a/../b", "/a/./b", "/a//b"])
def test_a_decoy_lies_where_its_path_says(path: str):
    decoy = f'[decoys]\n"{path}" = "x"\n'.encode()
    with pytest.raises(MalformedError, match="decoy"):
        rules_of(b'on-caller-drift = "phantom"\n' + LEAST_TOOLS + decoy)
