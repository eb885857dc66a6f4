"""Servers and the runtimes that they run on, put together: each server with the one reference that it may use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from attest.agent.sealed import SealedServer
from attest.errors import RefusedError
from attest.statement.predicates.runtime_reference import RuntimeDemand
from attest.trust.runtimes import check_demand


def compose(loaded: Sequence[SealedServer]) -> tuple[SealedServer, ...]:
    """Return the servers, each with its runtime; a runtime that no server names is measured by itself.

    Raises `RefusedError` if a runtime is missing, older than the one a server was sealed with, given twice, or has
    roots of the same name.
    """
    runtimes = [each for each in loaded if each.reference.program is not None]
    servers: list[SealedServer] = []
    used: set[str] = set()
    for server in loaded:
        demand = server.reference.runtime
        if demand is None:
            servers.append(server)
            continue
        runtime = _find(server, demand, runtimes)
        used.add(runtime.opened.digest)
        servers.append(replace(server, runtime=runtime))
    return tuple(each for each in servers if each.opened.digest not in used)


def _find(server: SealedServer, demand: RuntimeDemand, runtimes: Sequence[SealedServer]) -> SealedServer:
    named = [each for each in runtimes if each.reference.server.name == demand.name]
    if len(named) != 1:
        found = ", ".join(str(each.path) for each in named) or "none"
        hint = f"attest agent {server.path} RUNTIME-REF; to seal one: attest seal --runtime-of PROGRAM"
        if named:
            hint = "one RUNTIME-REF of each name; to tell two interpreters apart, seal them with --name"
        raise RefusedError(str(server.path), f"one reference of its runtime {demand.name}", found, hint=hint)
    runtime = named[0]
    check_demand(demand, runtime.reference, where=str(runtime.path))
    both = {root.name for root in server.roots} & {root.name for root in runtime.roots}
    if both:
        raise RefusedError(
            str(server.path), f"roots with other names than those of {demand.name}", ", ".join(sorted(both))
        )
    return runtime
