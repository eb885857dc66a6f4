"""Which servers of which configurations are meant."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from attest.clients.configuration import Configuration, ConfiguredServer
from attest.wrap.model import Row


def each_once(configurations: Iterable[Configuration]) -> tuple[Configuration, ...]:
    """Return the configurations without those that are another one by a link."""
    return tuple({os.path.realpath(each.path): each for each in configurations}.values())


def choose(
    configurations: Sequence[Configuration], names: Sequence[str], *, switched_off: bool
) -> tuple[tuple[Row, ...], tuple[str, ...]]:
    """Return the servers that are meant, and the names that no server has.

    Without names that is each one, but for those that are switched off, unless they are wanted, too.
    """
    rows = [Row(configuration=each, server=server) for each in configurations for server in each.servers]
    if not names:
        return tuple(row for row in rows if switched_off or not row.server.disabled), ()
    missing = [name for name in names if not any(_is_called(row.server, name) for row in rows)]
    return tuple(row for row in rows if any(_is_called(row.server, name) for name in names)), tuple(missing)


def _is_called(server: ConfiguredServer, name: str) -> bool:
    return name in {server.name, server.keys[-1]}
