"""The line of tool rules, as a user drives it: recorded, learned, reviewed, sealed, enforced by a portal, compared."""

from __future__ import annotations

from pathlib import Path

import pytest

from attest.seal.tools.reading import read_tools
from attest.statement.tools.rules import ToolRules
from tests.commands import attest, passed
from tests.launches import PYTHON
from tests.portal_world import SERVER, portal, seal_server

REVIEWED = """
[tools.echo.arguments.properties.text]
maxLength = 5

[limits.twice]
amount = 2
"""


def learned(folder: Path, server: str = SERVER) -> ToolRules:
    """Record a server and learn from it; a person allows `echo` and nothing else."""
    (folder / "recorded.py").write_text(server)
    passed(attest(folder, "tools", "record", "-o", "session.jsonl", "--", PYTHON, "-S", str(folder / "recorded.py")))
    passed(attest(folder, *["tools", "learn", "session.jsonl", "-o", "tools.toml"]))
    rules = folder / "tools.toml"
    lines = rules.read_text().split("\n")
    kept = [line for line in lines if not line.startswith("[tools.") or line == "[tools.echo]"]
    rules.write_text("\n".join(kept) + REVIEWED)
    return read_tools(rules)


def test_what_was_reviewed_is_what_a_portal_enforces(tmp_path: Path) -> None:
    bench = seal_server(tmp_path, tools=learned(tmp_path))
    with portal(bench) as client:
        client.open()
        assert [tool["name"] for tool in client.ask(1, "tools/list")["result"]["tools"]] == ["echo"]
        assert client.call(2, "echo", "hello")["result"]["content"][0]["text"] == "hello"
        refused = [
            client.ask(3, "tools/call", name="echo", arguments={"text": "hello", "unnamed": 1}),
            client.call(4, "echo", "a longer text"),
            client.call(5, "hidden"),
        ]
        assert client.call(6, "echo", "again")["result"]["content"][0]["text"] == "again"
        refused.append(client.call(7, "echo", "more"))
        assert client.close()[0] == 0
    rules = [answer["error"]["data"]["rule"] for answer in refused]
    assert rules == ["arguments.schema", "arguments.schema", "tool.unknown", "limit:twice"]


def test_a_change_of_a_description_is_shown_before_it_is_sealed(tmp_path: Path) -> None:
    for name, words in (("old", "what it is told."), ("new", "what it is told to.")):
        (tmp_path / name).mkdir()
        rules = learned(tmp_path / name, SERVER.replace("what it is told.", words, 1))
        seal_server(tmp_path / name, tools=rules)
    lines = passed(attest(tmp_path, "diff", "old/server.ref", "new/server.ref")).decode()
    assert "changed   echo\n    description  Says what it is told{+ to+}." in lines


@pytest.mark.parametrize("change", [("Says what", "Says that what"), ('"text"', '"texts"')])
def test_rules_for_other_definitions_are_not_sealed(tmp_path: Path, change: tuple[str, str]) -> None:
    rules = learned(tmp_path)
    definitions = tmp_path / "tools.definitions.json"
    definitions.write_text(definitions.read_text().replace(*change))
    done = attest(tmp_path, *["seal", ".", "--trust", "t", "--key", "k", "-o", "r", "--tools", "tools.toml"])
    assert done.returncode == 3
    assert rules.definitions_digest in done.stderr.decode()
