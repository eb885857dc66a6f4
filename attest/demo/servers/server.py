"""What the demo has to know of a server: how it is installed and started, what to ask it, which file to attack."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from attest.demo.workshop import Workshop


@dataclass(frozen=True, kw_only=True)
class Server:
    """One real MCP server of a package index, with the version that its lock names."""

    name: str
    """What `attest demo --server` calls it."""
    package: str
    kind: str
    """What its archives are called, in the plural."""
    own: str
    """The file name of the server's own archive, as a pattern; the others are what it needs."""
    tool: str
    """A tool that changes nothing."""
    arguments: Mapping[str, str]
    told: Callable[[str], str]
    """What the tool answered, in a few words; `ValueError` or `KeyError` if it is no answer to that."""
    fetch: Callable[[Workshop], None]
    """Put exactly the archives that the lock names into `Workshop.archives`; `UnavailableError` without an index."""
    install: Callable[[Workshop], None]
    """Install them into `Workshop.server`."""
    client: Callable[[Workshop], Path]
    """Return a Python that has the `mcp` package, once all is installed."""
    command: Callable[[Workshop], tuple[str, ...]]
    """Return the words that start it, absolute."""
    target: Callable[[Workshop, Path], Path]
    """Return a file whose code it has loaded once it has answered; the path is that of its own byte code."""
