"""A change is shown without anything that could be a secret, whatever the form."""

from __future__ import annotations

import pytest

from attest.clients.editing import put_before
from attest.wrap.model import Edited
from attest.wrap.showing import difference, shown
from tests.configurations import EXAMPLES

BEFORE = ("/opt/attest", "portal", "one", "--")


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
def test_only_what_was_changed_differs_in_what_is_shown(example, tmp_path):
    wrapped, _ = put_before(example.octets, example.form, example.keys[0], BEFORE, where="here")
    edited = Edited(path=tmp_path / example.file, form=example.form, before=example.octets, after=wrapped)
    lines = list(difference(edited, where="here"))
    changed = [line for line in lines[2:] if line.startswith(("+", "-"))]
    assert any('"/opt/attest"' in line and line.startswith("+") for line in changed)
    assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
def test_every_line_stays_a_line(example):
    assert shown(example.octets, example.form, where="here").count("\n") == example.octets.count(b"\n")


def test_values_comments_and_secret_arguments_are_hidden_and_commands_are_not():
    octets = b"""{ // sekret-1
  "x": "sekret-2", /* sekret-3
  */ "y": ["sekret-4"],
  "mcpServers": {
    "one": { "command": "npx", "args": ["-y", "--token", "sekret-5", "p"], "env": { "A": "sekret-6" } },
    "two": { "url": "sekret-7", "headers": { "B": "sekret-8" }, "cwd": "sekret-9" }
  }
}"""
    text = shown(octets, "mcpServers", where="here")
    assert "sekret" not in text
    assert '"one": { "command": "npx", "args": ["-y", "--token", "…", "p"], "env": { "A": "…" } },' in text


def test_toml_hides_the_same():
    text = shown(EXAMPLES["codex"].octets, "codex", where="here")
    assert all(secret not in text for secret in ("cret", "a#b", "which one", "mcp.example", "pinned"))
    assert "'docs@1.0'" in text
