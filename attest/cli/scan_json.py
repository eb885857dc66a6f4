"""A scan for programs: JSON Lines, one object a configuration that cannot be read, then one a server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from attest.clients.configuration import Configuration
from attest.codec.printable import printable_json
from attest.scan.model import SCAN_SCHEMA, Scanned, Unread


def lines(found: Sequence[Configuration], scanned: Sequence[Scanned]) -> Iterator[str]:
    """Yield the lines, without line feeds."""
    for each in found:
        if each.complaint is not None:
            unread = Unread(
                schema=SCAN_SCHEMA, client=each.client, configuration=str(each.path), complaint=each.complaint
            )
            yield _line(unread)
    yield from map(_line, scanned)


def _line(record: Scanned | Unread) -> str:
    return printable_json(msgspec.json.encode(msgspec.to_builtins(record, str_keys=True)).decode())
