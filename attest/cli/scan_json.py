"""A scan for programs: JSON Lines, one object a configuration that cannot be read, then one a server."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from attest.clients.configuration import Configuration
from attest.scan.model import Scanned

SCHEMA: Final = "https://mcp-attest.github.io/schemas/scan/v0.1"


def lines(found: Sequence[Configuration], scanned: Sequence[Scanned]) -> Iterator[str]:
    """Yield the lines."""
    for each in found:
        if each.complaint is not None:
            told = {"client": each.client, "configuration": str(each.path), "complaint": each.complaint}
            yield json.dumps({"schema": SCHEMA, **told})
    for server in scanned:
        yield json.dumps({"schema": SCHEMA, **_built(server)})


def _built(server: Scanned) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(server, enc_hook=str)
    return {_camel(name): value for name, value in told.items()} | {"failing": server.failing}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)
