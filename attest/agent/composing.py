"""Servers and the runtimes that they run on, put together: each server with the one reference that it may use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from attest.agent.sealed import SealedServer
from attest.errors import RefusedError
from attest.statement.predicates.runtime_reference import RuntimeDemand
from attest.trust.runtimes import check_demand


def compose(loaded: Sequence[SealedServer]) -> tuple[SealedServer, ...]:
    """Return the servers, each with its runtime and its older references; a runtime that no server names stands alone.

    Raises `RefusedError` if a runtime is missing, older than the one a server was sealed with, given twice, or has
    roots of the same name; if a server's reference is given twice; or a sub-mandate beside another one of its server,
    since each measurement is about one of them alone.
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
    return _gather([each for each in servers if each.opened.digest not in used])


def _gather(servers: Sequence[SealedServer]) -> tuple[SealedServer, ...]:
    """Put several references of one server, by name and places, together: the newest, and the others behind it."""
    found: dict[tuple[str, tuple[tuple[str, str], ...]], list[SealedServer]] = {}
    for each in servers:
        found.setdefault((each.reference.server.name, tuple(sorted(each.places.items()))), []).append(each)
    for group in found.values():
        if len({each.opened.digest for each in group}) != len(group):
            raise RefusedError(str(group[0].path), "each reference of a server once", "one twice")
        narrower = next((each for each in group if each.opened.parent is not None), None)
        if narrower is not None and len(group) > 1:
            hint = "an agent of its own for it, with a log of its own"
            raise RefusedError(
                str(narrower.path), "a sub-mandate by itself", "others of its server beside it", hint=hint
            )
    ordered = [sorted(group, key=_sequence, reverse=True) for group in found.values()]
    return tuple(replace(group[0], others=tuple(group[1:])) for group in ordered)


def _sequence(server: SealedServer) -> int:
    return server.reference.validity.sequence


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
