"""References read again while a run goes on: the same rules as at its start, and what is known of each place kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from attest.agent.drafts import Standing
from attest.agent.sealed import SealedServer
from attest.agent.target import Target
from attest.measure.isolation import isolation_of
from attest.statement.levels import Binding

Reopen = Callable[[Sequence[Target]], tuple[Target, ...]]
"""Read everything again and return the new targets, or raise and change nothing."""


def carry_over(servers: Sequence[SealedServer], before: Sequence[Target]) -> tuple[Target, ...]:
    """Return the servers as targets: one at a place that was measured before keeps its process and its past."""
    known = {_place(target.server): target for target in before}
    targets: list[Target] = []
    for server in servers:
        old = known.get(_place(server))
        if old is None:
            standing = Standing(binding=Binding.TREE, isolation=isolation_of(None))
            targets.append(Target(server=server, standing=standing))
        else:
            new = Target(server=server, standing=old.standing, watched=old.watched, choice=old.choice)
            new.begun = old.begun
            targets.append(new)
    return tuple(targets)


def _place(server: SealedServer) -> tuple[str, tuple[tuple[str, str], ...]]:
    return server.reference.server.name, tuple(sorted(server.places.items()))
