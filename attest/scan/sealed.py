"""What is sealed already: the references of this user, and whether a server still is what its reference says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from attest.agent.closure import look_at_closure
from attest.agent.sealed import SealedServer, load_sealed
from attest.appraisal.state import make_findings
from attest.errors import AttestError
from attest.measure.commands.invocation import Started
from attest.measure.deriver import Deriver
from attest.measure.interpreters import interpreters_of
from attest.scan.model import Concern, ConcernKind, SealedState
from attest.statement.levels import Origin
from attest.statement.placeholders import expand
from attest.statement.profile import ProcessProfile
from attest.statement.states import State
from attest.trust.trust import Trust

_SHOWN = 3


@dataclass(frozen=True, kw_only=True)
class SealedServers:
    """The references that could be opened, and how to look at what they seal."""

    servers: tuple[SealedServer, ...]
    clock_ms: Callable[[], int]

    def server_of(self, started: Started) -> SealedServer | None:
        """Return the newest that is sealed with this very process, no sub-mandate if there is another; None without."""
        same = [each for each in self.servers if is_process_of(each.reference.process, each.places, started)]
        return max(same, key=lambda each: (each.reference.validity.sequence, each.opened.parent is None), default=None)

    def state_of(self, started: Started) -> tuple[SealedState, tuple[Concern, ...]] | None:
        """Look at the files of the server that is sealed with this very process; None if none is."""
        server = self.server_of(started)
        if server is None:
            return None
        deriver = Deriver(interpreters=interpreters_of(server.places.values()))
        found = make_findings(look_at_closure(server, deriver, self.clock_ms).findings)
        told = tuple(f"{each.kind.value} {each.where}" for each in found.findings[:_SHOWN])
        sealed = SealedState(
            reference=server.path.name.removesuffix(".ref"),
            state=found.state.value.upper(),
            assurance=_assurance(server),
            findings=told,
        )
        if found.state is not State.DRIFT:
            return sealed, ()
        more = f" and {found.total - _SHOWN} more" if found.total > _SHOWN else ""
        text = f"not as {sealed.reference} seals it: {', '.join(told)}{more}"
        return sealed, (Concern(kind=ConcernKind.DRIFT, text=text),)


def open_references(folder: Path, trust: Trust, clock_ms: Callable[[], int]) -> SealedServers:
    """Open every reference in a folder that a trusted sealer signed; others are as good as none."""
    servers: list[SealedServer] = []
    for path in sorted(folder.glob("*.ref")):
        try:
            servers.append(load_sealed(path, trust, at=clock_ms(), places={}))
        except AttestError:
            continue
    return SealedServers(servers=tuple(servers), clock_ms=clock_ms)


def is_process_of(profile: ProcessProfile | None, places: Mapping[str, str], started: Started) -> bool:
    """Return whether a command that becomes `started` is the sealed one."""
    if profile is None:
        return False
    interpreter = None if profile.interpreter is None else expand(profile.interpreter, places)
    argv = tuple(None if word is None else expand(word, places) for word in profile.fixed_argv)
    same = len(argv) == len(started.argv) and all(
        wanted in {None, word} for wanted, word in zip(argv, started.argv, strict=True)
    )
    return same and interpreter == started.interpreter


def _assurance(server: SealedServer) -> str:
    assurance = server.reference.assurance
    shares: Sequence[tuple[Origin, int]] = [(origin, getattr(assurance, origin.value).bytes) for origin in Origin]
    total = sum(size for _, size in shares) or 1
    return ", ".join(f"{100 * size / total:.0f}% {origin.value}" for origin, size in shares if size)
