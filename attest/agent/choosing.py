"""A server with several references that are good at once: by which one it is measured, cycle by cycle.

By the newest that matches. But a process goes on with what it loaded: once it matched the files of one reference, those
of another are an update on disk (`updated`) until it is started anew. If none matches, the one that did last tells what
is wrong, at first the newest: whoever puts older files back finds no milder judge. Files of both together are an update
under way (`updating`), for as long as there may be no measurement at all; after that they are what they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from attest.agent.closure import Looks
from attest.agent.cycle import Cycle, measure_once
from attest.agent.sealed import SealedServer
from attest.agent.watched import WatchedProcess
from attest.appraisal.choosing import ON_DISK, as_updated, is_as_sealed_on_disk
from attest.appraisal.updating import as_updating, contents_of, is_mixture
from attest.codec.clock import Clock
from attest.measure.process import ProcessHandle
from attest.statement.findings import FindingKind
from attest.statement.manifest import Root, Scope
from attest.statement.states import State

_SECOND: Final = 1000


@dataclass(kw_only=True)
class Choice:
    """One run's memory of which reference a server matched last."""

    matched: str | None = None
    """The digest of the reference; at first that which the log tells of this very process, if it does."""
    known: frozenset[str] = frozenset()
    """The contents that it matched with."""
    updating_since: int | None = None
    """Milliseconds since boot when files of two references were first found together."""

    def measure(
        self, server: SealedServer, watched: WatchedProcess | None, looks: Looks, clock: Clock
    ) -> tuple[SealedServer, Cycle]:
        """Measure a server once; return the reference that the receipt is to be about, and what was found by it.

        An update between the look at the process and that at the files looks like another file mapped: then once more.
        """
        judge, found = self._measure(server, watched, looks, clock)
        if server.others and any(each.kind is FindingKind.MAPPED_CHANGED for each in found.findings.findings):
            return self._measure(server, watched, looks, clock)
        return judge, found

    def _measure(
        self, server: SealedServer, watched: WatchedProcess | None, looks: Looks, clock: Clock
    ) -> tuple[SealedServer, Cycle]:
        if not server.others:
            return server, measure_once(server, watched, looks, clock)
        every = (server, *server.others)
        last = next((each for each in every if each.opened.digest == self.matched), None)
        cycles: list[tuple[SealedServer, Cycle]] = []
        for each in every:
            others = [other for other in every if other is not each]
            cycle = measure_once(each, watched, looks, clock, others=others)
            if cycle.state is State.MATCH and (watched is None or last is None or _is_same_content(each, last)):
                self.matched = each.opened.digest
                self.known = contents_of(looks.observed[each.opened.digest])
                self.updating_since = None
                return each, cycle
            cycles.append((each, cycle))
        judge, found = next(((each, cycle) for each, cycle in cycles if each is last), cycles[0])
        if watched is not None and last is not None:
            found = _updated(judge, found, cycles)
        if found.state is not State.DRIFT:
            self.updating_since = None
        handle = watched.handle if watched is not None else None
        return judge, self._updating(judge, found, every, looks, handle, clock.boot())

    def _updating(
        self,
        judge: SealedServer,
        found: Cycle,
        every: Sequence[SealedServer],
        looks: Looks,
        process: ProcessHandle | None,
        now: int,
    ) -> Cycle:
        """Say that an update seems to be under way, if files of two references lie together and not for too long."""
        if found.state is not State.DRIFT or found.findings.total > len(found.findings.findings):
            return found
        observation = looks.observed[judge.opened.digest]
        known = self.known.union(judge.digests)
        for each in every:
            if each is judge or each.places != judge.places:
                continue
            if _elsewhere(each, judge, found):
                continue
            roots = _exact(judge) & _exact(each)
            other = looks.judged_by(each, observation, process).findings
            if is_mixture(found.findings.findings, other, observation, each.entries, roots, known):
                self.updating_since = now if self.updating_since is None else self.updating_since
                if now - self.updating_since > judge.reference.measurement.max_gap_seconds * _SECOND:
                    return found
                return replace(found, findings=as_updating(found.findings, one=_name(judge), other=_name(each)))
        return found


def _exact(sealed: SealedServer) -> frozenset[str]:
    return frozenset(root.name for root in sealed.roots if root.scope is Scope.EXACT)


def _updated(judge: SealedServer, found: Cycle, cycles: list[tuple[SealedServer, Cycle]]) -> Cycle:
    """Say that the files are as another reference seals them, if they are, and not as the one that the process runs."""
    if is_as_sealed_on_disk(found.findings):
        return found
    for each, cycle in cycles:
        if each is not judge and is_as_sealed_on_disk(cycle.findings):
            elsewhere = _elsewhere(each, judge, found)
            updated = as_updated(found.findings, running=_name(judge), on_disk=_name(each), elsewhere=elsewhere)
            return replace(found, findings=updated)
    return found


def _elsewhere(other: SealedServer, judge: SealedServer, found: Cycle) -> frozenset[str]:
    """Return where something was found on disk that the other one does not seal; what is gone there runs nothing."""
    wrong = (each for each in found.findings.findings if each.kind in ON_DISK - {FindingKind.MISSING})
    return frozenset(each.where for each in wrong if not _covers(other, judge, each.where))


def _covers(other: SealedServer, judge: SealedServer, where: str) -> bool:
    """Return whether what the one seals at `where` (root and path), the other one seals in the very same place."""
    name, _, path = where.partition("/")
    places = [part.places[name] for part in (judge, judge.runtime) if part is not None and name in part.places]
    return any(
        part.places[root.name] in places and _seals(part, root, path)
        for part in (other, other.runtime)
        if part is not None
        for root in part.roots
    )


def _seals(sealed: SealedServer, root: Root, path: str) -> bool:
    if root.scope is Scope.LISTED:
        return (root.name, path) in sealed.entries or path in root.absent
    return not any(path == each or path.startswith(f"{each}/") for each in root.mutable)


def _is_same_content(one: SealedServer, other: SealedServer) -> bool:
    """Return whether two references seal the same files: then one may take the other's place under a process."""
    runtimes = [each.runtime.opened.digest if each.runtime is not None else None for each in (one, other)]
    return one.reference.manifest.digest == other.reference.manifest.digest and runtimes[0] == runtimes[1]


def _name(sealed: SealedServer) -> str:
    validity, server = sealed.reference.validity, sealed.reference.server
    version = "" if server.version is None else f" {server.version}"
    return f"{server.name}{version}, sequence {validity.sequence} ({sealed.path.name})"
