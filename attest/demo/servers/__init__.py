"""The real servers that the demo can run on; a new one is a file and a row."""

from __future__ import annotations

from typing import Final

from attest.demo.servers.mcp_server_time import TIME
from attest.demo.servers.server import Server
from attest.demo.servers.server_filesystem import FILESYSTEM

SERVERS: Final[dict[str, Server]] = {row.name: row for row in (TIME, FILESYSTEM)}
"""The first is what the demo runs on unless told."""
