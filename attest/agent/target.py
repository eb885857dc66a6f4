"""One server in a run: what was sealed, its process if one is watched, and its clean cycles without a receipt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from attest.agent.choosing import Choice
from attest.agent.drafts import Standing
from attest.agent.sealed import SealedServer
from attest.agent.watched import WatchedProcess
from attest.agent.windows import Moment, OpenWindow
from attest.measure.deriver import Deriver
from attest.measure.interpreters import interpreters_of
from attest.measure.stat_cache import Caches
from attest.statement.levels import BINDING_RANK, ISOLATION_RANK
from attest.statement.placeholders import expand

_SECOND: Final = 1000
_PATIENCE: Final = 0.9
"""Of the sealed largest gap: a look that is answered later leaves no time for another one in it."""


@dataclass(kw_only=True, eq=False)
class Target:
    """A server as one run measures it; two of them are never equal."""

    server: SealedServer
    standing: Standing
    """How its own receipts are made."""
    watched: WatchedProcess | None = None
    choice: Choice = field(default_factory=Choice)
    """By which of its references it is measured."""
    caches: Caches | None = None
    """Its own, too; None where every file is read in every cycle."""
    begun: Moment | None = None
    """When the newest measurement began that was recorded or has its place in a window."""
    interpreters: tuple[Path, ...] = field(init=False)
    """Those that can derive again what the server's interpreters compiled."""
    deriver: Deriver = field(init=False)
    """Its own: one is used by one thread."""
    windows: dict[str, OpenWindow] = field(init=False)
    """By reference; none where each cycle has its own receipt."""

    def __post_init__(self) -> None:
        """Find the interpreters, and open the windows that are sealed."""
        self.interpreters = _interpreters(self.references)
        self.deriver = Deriver(interpreters=self.interpreters)
        sealed = ((each.opened.digest, each.reference.measurement.window_cycles) for each in self.references)
        self.windows = {digest: OpenWindow(cycles=cycles) for digest, cycles in sealed if cycles is not None}

    @property
    def references(self) -> tuple[SealedServer, ...]:
        """The server by each of its references that are good at once."""
        return (self.server, *self.server.others)

    @property
    def patience_ms(self) -> int:
        """How long a look may take."""
        return int(self.server.reference.measurement.max_gap_seconds * _SECOND * _PATIENCE)

    @property
    def cycle_ms(self) -> int:
        """The sealed time between two beginnings."""
        return self.server.reference.measurement.cycle_seconds * _SECOND

    def ended(self) -> bool:
        """Return whether the process that is watched has ended; False if none is."""
        return self.watched is not None and self.watched.ended()


def weakest_standing(targets: Iterable[Target]) -> Standing:
    """Return the standing of what is said about all targets together."""
    standings = [target.standing for target in targets]
    return Standing(
        binding=min((each.binding for each in standings), key=BINDING_RANK.__getitem__),
        isolation=min((each.isolation for each in standings), key=ISOLATION_RANK.__getitem__),
    )


def runtimes_of(targets: Iterable[Target]) -> Mapping[str, SealedServer]:
    """Return the runtimes that the targets run on, each once, by their digest."""
    runtimes = (each.runtime for target in targets for each in target.references)
    return {runtime.opened.digest: runtime for runtime in runtimes if runtime is not None}


def references_of(targets: Sequence[Target]) -> tuple[str, ...]:
    """Return the digests of all references of a run, those of the runtimes last."""
    return (*(each.opened.digest for target in targets for each in target.references), *runtimes_of(targets))


def _interpreters(references: Iterable[SealedServer]) -> tuple[Path, ...]:
    places: list[str] = []
    programs: list[str] = []
    every = (each for server in references for each in (server, server.runtime))
    for each in every:
        if each is None:
            continue
        if each.reference.program is None:
            places += each.places.values()
        else:
            programs.append(expand(each.reference.program.path, each.places))
    return interpreters_of(places, programs)
