"""What a configuration says, as values: servers by name, each started by a command or found at an address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit


@dataclass(frozen=True, kw_only=True)
class ConfiguredServer:
    """One server as a client is told to use it; one of `command`, `url` and `complaint` is set."""

    name: str
    keys: tuple[str, ...] = ()
    """What leads to it in the document."""
    command: tuple[str, ...] = ()
    """What is started, with what the client fills in filled in as far as that can be told."""
    spelled: tuple[str, ...] = ()
    """The same as it stands in the file."""
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What is added to the client's own environment; the values may be secrets."""
    cwd: str | None = None
    url: str | None = field(default=None, repr=False)
    """Where a server that somebody else runs is; may hold a secret."""
    disabled: bool = False
    complaint: str | None = None
    """What is wrong with it, where it cannot be read."""

    @property
    def host(self) -> str | None:
        """The part of the address that may be shown: scheme and host."""
        if self.url is None:
            return None
        try:
            parts = urlsplit(self.url)
            return f"{parts.scheme}://{parts.hostname or ''}" + (f":{parts.port}" if parts.port else "")
        except ValueError:
            return "an address that is none"


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """One file of one client; with a `complaint` it could not be read, and there are no servers."""

    client: str
    path: Path
    form: str = "mcpServers"
    """A row of `attest.clients.formats.FORMATS`."""
    servers: tuple[ConfiguredServer, ...] = ()
    complaint: str | None = None
