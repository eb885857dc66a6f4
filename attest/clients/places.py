"""Where clients keep their configurations: of a user, and in the folder of a project; one row a file."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from attest.clients.configuration import Configuration, ConfiguredServer
from attest.clients.formats import MAX_BYTES, read_servers
from attest.codec.files import read_file
from attest.errors import AttestError

_SETTINGS: Final = "~/Library/Application Support" if sys.platform == "darwin" else "${XDG_CONFIG_HOME}"


@dataclass(frozen=True, kw_only=True)
class Place:
    """A file of a client and the form it is in."""

    client: str
    path: str
    form: str = "mcpServers"


USER_PLACES: Final = (
    Place(client="Claude Desktop", path=f"{_SETTINGS}/Claude/claude_desktop_config.json"),
    Place(client="Claude Code", path="~/.claude.json", form="projects"),
    Place(client="VS Code", path=f"{_SETTINGS}/Code/User/mcp.json", form="servers"),
    Place(client="VS Code", path=f"{_SETTINGS}/Code/User/settings.json", form="settings"),
    Place(client="VSCodium", path=f"{_SETTINGS}/VSCodium/User/mcp.json", form="servers"),
    Place(client="Cursor", path="~/.cursor/mcp.json"),
    Place(client="Windsurf", path="~/.codeium/windsurf/mcp_config.json"),
    Place(client="Codex", path="~/.codex/config.toml", form="codex"),
    Place(client="Gemini CLI", path="~/.gemini/settings.json"),
    Place(client="LM Studio", path="~/.lmstudio/mcp.json"),
    Place(client="Zed", path="${XDG_CONFIG_HOME}/zed/settings.json", form="context_servers"),
    Place(client="Amazon Q", path="~/.aws/amazonq/mcp.json"),
    Place(client="Copilot CLI", path="~/.copilot/mcp-config.json"),
)
"""`~` and `${XDG_CONFIG_HOME}` (by default `~/.config`) are filled in."""

PROJECT_PLACES: Final = (
    Place(client="Claude Code", path=".mcp.json"),
    Place(client="VS Code", path=".vscode/mcp.json", form="servers"),
    Place(client="Cursor", path=".cursor/mcp.json"),
    Place(client="Gemini CLI", path=".gemini/settings.json"),
    Place(client="Codex", path=".codex/config.toml", form="codex"),
)
"""In the folder that one works in."""

_FORMS_BY_NAME: Final = {
    ".toml": "codex",
    "settings.json": "settings",
    ".claude.json": "projects",
    ".vscode/mcp.json": "servers",
    "User/mcp.json": "servers",
}


def find_configurations(home: str, project: str, environment: Mapping[str, str]) -> tuple[Configuration, ...]:
    """Read every configuration that exists here; one that cannot be read has its complaint."""
    return tuple(
        read_configuration(path, place.client, place.form, home=home)
        for place, path in _existing(home, project, environment)
    )


def read_given(path: Path, *, home: str) -> Configuration:
    """Read a configuration that a person names: the form is told by its place, or by what is in it."""
    for place, known in _existing(home, str(Path.cwd()), os.environ):
        if known.resolve() == path.resolve():
            return read_configuration(path, place.client, place.form, home=home)
    form = next((form for end, form in _FORMS_BY_NAME.items() if str(path).endswith(end)), None)
    first = read_configuration(path, "configuration", form or "mcpServers", home=home)
    if form is not None or first.servers or first.complaint is not None:
        return first
    return read_configuration(path, "configuration", "servers", home=home)


def read_configuration(path: Path, client: str, form: str, *, home: str) -> Configuration:
    """Read one file; what is wrong with it becomes its complaint."""
    try:
        servers = read_servers(read_file(path, max_bytes=MAX_BYTES), form, where=str(path))
        folder = str(path.parent.parent if path.parent.name in {".vscode", ".cursor", ".gemini"} else path.parent)
        filled = tuple(_filled(server, home, folder) for server in servers)
    except AttestError as error:
        return Configuration(client=client, path=path, form=form, complaint=str(error))
    return Configuration(client=client, path=path, form=form, servers=filled)


def _existing(home: str, project: str, environment: Mapping[str, str]) -> Iterator[tuple[Place, Path]]:
    settings = environment.get("XDG_CONFIG_HOME") or f"{home}/.config"
    rows = [*((place, "") for place in USER_PLACES), *((place, f"{project}/") for place in PROJECT_PLACES)]
    seen: set[Path] = set()
    for place, prefix in rows:
        spelled = place.path.replace("${XDG_CONFIG_HOME}", settings).replace("~", home)
        path = Path(f"{prefix}{spelled}")
        if path.is_file() and path not in seen:  # in the home folder a place of the user is one of the project
            seen.add(path)
            yield place, path


def _filled(server: ConfiguredServer, home: str, folder: str) -> ConfiguredServer:
    """Fill in the variables of VS Code and Cursor that can be told here; others stay, and will not be found."""
    known = {"${userHome}": home, "${workspaceFolder}": folder, "${env:HOME}": home}

    def fill(text: str) -> str:
        for name, value in known.items():
            text = text.replace(name, value)
        return text

    return replace(
        server,
        command=tuple(fill(word) for word in server.command),
        cwd=None if server.cwd is None else fill(server.cwd),
    )
