"""Rules that the portal could not load are not sealed."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import pytest

from attest.errors import MalformedError, UnavailableError
from attest.seal.tools.checking import check_rules
from attest.seal.tools.making import make_rules
from attest.seal.tools.reading import parse_tools
from attest.statement.tools.rules import ToolRules
from tests.call_documents import DEFINITIONS
from tests.installed import Bench, make_bench
from tests.tools_documents import LEAST_TOOLS, TOOLS

ZONE = "arguments.properties.timezone"


def rules_of(lines: str) -> ToolRules:
    octets = LEAST_TOOLS + f"[tools.get_current_time]\n{lines}\n".encode()
    return make_rules(parse_tools(octets, where="t.toml"), DEFINITIONS, where="t.toml")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path)


def test_the_example_can_be_judged_by():
    check_rules(make_rules(parse_tools(TOOLS, where="t"), DEFINITIONS, where="t"), {"tree": "/srv/tree"})


@pytest.mark.parametrize(
    "lines",
    [
        "condition = 'arguments.timezone =='",
        "condition = 'argument.timezone == \"UTC\"'",
        "condition = 'shell(arguments.timezone)'",
        f"{ZONE}.type = 'text'",
        f"{ZONE}.minLength = -1",
        f"{ZONE}.pattern = '('",
        f"{ZONE}.'$ref' = 'https://schemas.example/zone'",
        f"{ZONE}.'$ref' = '#/$defs/absent'",
        f"{ZONE}.if = {{ maxLenght = 3 }}",
        "paths.zone = { argument = '/timezone', below = ['{nowhere}/zones'] }",
    ],
)
def test_a_rule_that_nobody_can_judge_by_is_refused(lines):
    with pytest.raises(MalformedError):
        check_rules(rules_of(lines), {"tree": "/srv/tree"})


@pytest.mark.parametrize(
    ("module", "lines", "extra"),
    [("cel", "condition = 'true'", "mcp-attest[cel]"), ("jsonschema_rs", "", "mcp-attest[portal]")],
)
def test_rules_that_need_an_extra_say_which_one(monkeypatch, module, lines, extra):
    found = importlib.import_module

    def without(name: str, package: str | None = None) -> ModuleType:
        if name == module:
            raise ImportError(name)
        return found(name, package)

    monkeypatch.setattr(importlib, "import_module", without)
    with pytest.raises(UnavailableError) as caught:
        check_rules(rules_of(lines), {})
    assert extra in (caught.value.hint or "")


def test_sealing_checks_them_with_the_places_of_its_roots(bench):
    good = rules_of("paths.zone = { argument = '/timezone', below = ['{tree}/zones'] }")
    assert bench.seal(tools=good).reference.tools == good
    with pytest.raises(MalformedError, match="nowhere"):
        bench.seal(tools=rules_of("paths.zone = { argument = '/timezone', below = ['{nowhere}/zones'] }"))
