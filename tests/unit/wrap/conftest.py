"""A user with a home of their own, two servers in it, and a client that is configured to start them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.commands import Done, attest

CONFIGURATION = """\
{
  // theirs
  "mcpServers": {
    "one": { "command": "%s/one/run.sh", "args": ["--quiet"], "env": { "TOKEN": "sekret" }, },
    "two": {
      "command": "two/run.sh"
    },
    "elsewhere": { "url": "https://mcp.example/?key=sekret" }
  }
}
"""


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Where everything lies."""

    folder: Path
    home: Path
    configuration: Path
    original: bytes

    @property
    def data(self) -> Path:
        """What `attest init` makes."""
        return self.home / ".local/share/mcp-attest"

    def wrap(self, *words: str) -> Done:
        """Run `attest wrap`."""
        return attest(self.folder, "wrap", *words)

    def put(self, text: str) -> None:
        """Write another configuration."""
        self.configuration.write_text(text)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    home = tmp_path / "home"
    monkeypatch.setenv("HOME", str(home))
    for name in ("one", "two"):
        program = tmp_path / name / "run.sh"
        program.parent.mkdir()
        program.write_text(f"#!/bin/sh\n# {name}\ncat\n")
        program.chmod(0o755)
    configuration = home / ".config/Claude/claude_desktop_config.json"
    configuration.parent.mkdir(parents=True)
    original = (CONFIGURATION % tmp_path).encode()
    configuration.write_bytes(original)
    configuration.chmod(0o640)
    return Desk(folder=tmp_path, home=home, configuration=configuration, original=original)
