"""`mcp-server-time`, of PyPI: wheels, in a virtual environment that has the client, too."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Final

from attest.demo import python_environment
from attest.demo.servers.server import Server
from attest.demo.workshop import Workshop

PACKAGE: Final = "mcp-server-time"


def _fetch(workshop: Workshop) -> None:
    python_environment.download(workshop, workshop.archives)


def _install(workshop: Workshop) -> None:
    python_environment.install(workshop, workshop.archives, workshop.server)


def _client(workshop: Workshop) -> Path:
    return python_environment.python_of(workshop.server)


def _command(workshop: Workshop) -> tuple[str, ...]:
    return (str(workshop.server / "bin" / PACKAGE),)


def _target(workshop: Workshop, byte_code: Path) -> Path:
    """The byte code that runs, which nobody signed: in the private directory, below the path of its source."""
    source = next(workshop.server.glob("lib/python*/site-packages/mcp_server_time/server.py"))
    compiled = Path(importlib.util.cache_from_source(str(source))).name
    return byte_code.joinpath(*source.parent.parts[1:], compiled)


def _told(answer: str) -> str:
    return str(json.loads(answer)["datetime"])


TIME: Final = Server(
    name="time",
    package=PACKAGE,
    kind="wheels",
    own="mcp_server_time-*.whl",
    tool="get_current_time",
    arguments={"timezone": "Europe/Zurich"},
    told=_told,
    fetch=_fetch,
    install=_install,
    client=_client,
    command=_command,
    target=_target,
)
