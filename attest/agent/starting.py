"""Start an agent: everything is verified and opened, in an order in which nothing half-started is left behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from attest.agent.adopting import Pid, adopt
from attest.agent.circumstances import Circumstances
from attest.agent.closure import Beside
from attest.agent.composing import compose
from attest.agent.cycle_files import CycleFiles
from attest.agent.drafts import Standing
from attest.agent.enforcement.enforcer import Enforcer
from attest.agent.enforcement.past import Past, read_past
from attest.agent.explaining import Explainer
from attest.agent.history import highest_sequences, read_history
from attest.agent.keeping import Reported
from attest.agent.looking import Measure
from attest.agent.lost_cycles import count_lost
from attest.agent.neighbours import Neighbours
from attest.agent.own_key import OwnKey, open_own_key
from attest.agent.reloading import carry_over
from attest.agent.revocation_files import RevocationFiles
from attest.agent.run import Run
from attest.agent.run_request import RunRequest
from attest.agent.sealed import SealedServer, load_sealed
from attest.agent.target import Target, weakest_standing
from attest.codec.clock import Clock, system_clock
from attest.codec.files import read_file
from attest.errors import RefusedError, UntrustedError
from attest.measure.fine_times import proven_fine
from attest.measure.kernel import keep_little_memory
from attest.measure.leasing import ignore_lease_breaks
from attest.recorder import Recorder, open_recorder
from attest.signing.keys import PublicKey
from attest.statement.levels import BINDING_RANK, ISOLATION_RANK, Binding
from attest.tlog.checkpoint import Checkpoint, open_checkpoint
from attest.tlog.documents import Documents
from attest.trust.sequences import check_sequence
from attest.trust.trust import Trust, check_current, load_trust


@dataclass(frozen=True, kw_only=True)
class AgentRequest:
    """What a person asks an agent to do; paths as given."""

    references: tuple[Path, ...]
    trust: Path
    key: Path
    key_attestation: Path | None = None
    """What certifies the key, where the trust file does not name it."""
    log: Path
    pid: Pid | None = None
    """The running process of the only server, or that each one's is to be found."""
    pids: Mapping[str, Pid] = field(default_factory=dict)
    """Those of servers by their name."""
    places: Mapping[str, Path]
    cycle_seconds: int | None = None
    verifier_nonce: str | None = None
    context: tuple[tuple[str, str], ...] = ()
    pinned: Path | None = None
    revocations: tuple[Path, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Opening:
    """References that were verified, and what they were verified with; nothing is written yet."""

    trust: Trust
    at: int
    clock: Clock
    loaded: tuple[SealedServer, ...]
    servers: tuple[SealedServer, ...]
    """The loaded ones, each server with its runtime."""


@dataclass(frozen=True, kw_only=True)
class OwnLog:
    """The log that a run writes, open, and what it tells of the time before."""

    key: OwnKey
    recorder: Recorder
    circumstances: Circumstances
    past: Past
    unsigned_cycles: int | None
    """Of a run that was cut short; see `RunRequest`."""


@contextmanager
def open_agent(request: AgentRequest, report: Callable[[Reported], None]) -> Iterator[Run]:
    """Open everything that a run needs and close it again.

    Raises `UntrustedError` and `MalformedError` for references, `RefusedError` for a key, a log or a minimum that does
    not fit, `UnavailableError` for a process or a disk that is not there.
    """
    opening = open_references(request)
    targets = adopt(opening.servers, request.pid, request.pids)
    with open_run(opening, request, report, standing=weakest_standing(targets), targets=targets) as run:
        yield run


def open_references(request: AgentRequest) -> Opening:
    """Verify trust file and references; the first half of opening a run."""
    keep_little_memory()
    clock = system_clock()
    now = clock.real()
    trust = load_trust(request.trust)
    check_current(trust, now)
    loaded = tuple(load_sealed(path, trust, at=now, places=request.places) for path in request.references)
    _check_places(loaded, request.places)
    return Opening(trust=trust, at=now, clock=clock, loaded=loaded, servers=compose(loaded))


def only_server(opening: Opening) -> SealedServer:
    """Return the one server that the references are about; raise `RefusedError` if there are several, or none."""
    servers = [each for each in opening.servers if each.reference.program is None]
    if len(servers) != 1 or len(opening.servers) != 1 or servers[0].others:
        found = ", ".join(str(each.path) for each in opening.loaded)
        raise RefusedError("REF", "one server, with --runtime-ref for the runtime that it names", found)
    return servers[0]


@contextmanager
def open_run(
    opening: Opening,
    request: AgentRequest,
    report: Callable[[Reported], None],
    *,
    standing: Standing,
    targets: Sequence[Target] | None = None,
    beside: Beside | None = None,
    measure: Measure | None = None,
) -> Iterator[Run]:
    """Open key and log, and close them again; the second half. Without `targets`, no process is watched yet.

    `measure` looks at a server that has neither files nor a process here.
    """
    given = tuple(targets or (Target(server=each, standing=standing) for each in opening.servers))
    for target in given:
        check_minima(target, opening.trust)
    ignore_lease_breaks()
    with open_own_log(opening, request) as own:
        digests = [each.opened.digest for each in opening.loaded]
        for target in given:
            if target.watched is not None and target.server.others:
                process = target.watched.handle
                target.choice.matched = read_history(request.log, own.key.private.public, digests, process).matched
        run_request = RunRequest(
            targets=given,
            standing=standing,
            verifier_nonce=request.verifier_nonce,
            context=request.context,
            key_attestation=own.key.attested,
            unsigned_cycles=own.unsigned_cycles,
            cycle_seconds=request.cycle_seconds,
            fine=proven_fine(request.log),
            beside=beside,
        )
        enforcer = Enforcer.over(own.recorder, standing, request.log, own.past)
        with closing(enforcer):
            yield Run(
                request=run_request,
                recorder=own.recorder,
                enforcer=enforcer,
                circumstances=own.circumstances,
                explainer=Explainer(Neighbours(trust=opening.trust, places=request.places)),
                clock=opening.clock,
                report=report,
                files=CycleFiles(request.log),
                reopen=lambda before: _reopen(request, own.key, own.circumstances, before),
                measure=measure,
            )


@contextmanager
def open_own_log(opening: Opening, request: AgentRequest) -> Iterator[OwnLog]:
    """Open the key, and the log that it writes; see that both may be used for the references. Nothing is recorded."""
    key = open_own_key(request.key, request.key_attestation, opening.trust, opening.at)
    key.check(opening.loaded)
    circumstances = Circumstances(
        clock=opening.clock,
        files=RevocationFiles(request.revocations, opening.trust),
        max_revocation_age_seconds=opening.trust.minima.revocation_age_seconds,
        writer=key.keyid,
        until=key.until,
    )
    if circumstances.writer_is_void():
        raise UntrustedError(str(request.key), "a writer's key that is not revoked", key.keyid)
    public = key.private.public
    pinned = _pinned(request.pinned, public)
    recorder = open_recorder(request.log, key.private, clock=opening.clock, pinned=pinned)
    try:
        digests = [each.opened.digest for each in opening.loaded]
        used = [one.digest for each in opening.loaded for one in (each.opened, *each.opened.parents)]
        circumstances.know(each.opened for each in opening.loaded)
        circumstances.remember(read_history(request.log, public, used, None))
        _check_sequences(opening, circumstances, highest_sequences(request.log, opening.trust))
        for server in opening.servers:
            server.keep(Documents(request.log))
        key.keep(Documents(request.log))
        cut_short = None if recorder.interrupted is None else recorder.interrupted.run
        yield OwnLog(
            key=key,
            recorder=recorder,
            circumstances=circumstances,
            past=read_past(request.log, public, since=opening.at - _longest_breaker(opening.loaded)),
            unsigned_cycles=None if cut_short is None else count_lost(request.log, public, cut_short, digests),
        )
    finally:
        recorder.close()


def _reopen(
    request: AgentRequest, key: OwnKey, circumstances: Circumstances, before: Sequence[Target]
) -> tuple[Target, ...]:
    """Read trust file and references again, by the rules of a start."""
    opening = open_references(request)
    key = key.again(opening.trust, opening.at)
    files = circumstances.files.under(opening.trust)
    targets = carry_over(opening.servers, before)
    key.check(opening.loaded)
    for target in targets:
        check_minima(target, opening.trust)
    _check_sequences(opening, circumstances, highest_sequences(request.log, opening.trust))
    for server in opening.servers:
        server.keep(Documents(request.log))
    circumstances.files = files
    circumstances.know(each.opened for each in opening.loaded)
    circumstances.until = key.until
    circumstances.max_revocation_age_seconds = opening.trust.minima.revocation_age_seconds
    return targets


def _check_sequences(opening: Opening, circumstances: Circumstances, kept: Mapping[str, int]) -> None:
    """Refuse references that are older than another of their server, be it given too or used in this log before."""
    highest = dict(kept)
    for each in opening.loaded:
        name, found = each.reference.server.name, each.reference.validity.sequence
        highest[name] = max(found, highest.get(name, found))
    for each in opening.loaded:
        # A sub-mandate is as old as what it was derived from, and its own end makes no overlap.
        root = each.opened.root
        void = circumstances.files.known.of_reference(root.digest, root.statement.signers)
        check_sequence(root.predicate, highest, opening.at, void=void, where=str(each.path))


def _check_places(servers: tuple[SealedServer, ...], places: Mapping[str, Path]) -> None:
    known = {root.name for server in servers for root in server.roots}
    for name in places:
        if name not in known:
            raise RefusedError(f"--root {name}", f"a root of the references: {', '.join(sorted(known))}", name)


def check_binding(server: SealedServer, binding: Binding) -> None:
    """Refuse to measure without files what has some, and as if it had any what has none: `RefusedError`."""
    if server.reference.is_remote and binding is not Binding.REMOTE:
        hint = "attest portal REF --upstream URL --listen HOST:PORT"
        raise RefusedError(str(server.path), "a server that can be measured", "one elsewhere, without files", hint=hint)
    if binding is Binding.REMOTE and not server.reference.is_remote:
        hint = "let the portal start it; or --agent-log, where an agent measures it"
        raise RefusedError(
            str(server.path), "a reference that attest seal --upstream made", "one with files", hint=hint
        )


def check_minima(target: Target, trust: Trust) -> None:
    """Refuse to make receipts that could never be enough: `RefusedError`."""
    server, standing = target.server, target.standing
    check_binding(server, standing.binding)
    rules = [each.reference.measurement for each in (server, server.runtime) if each is not None]
    for least in (*(rule.min_binding for rule in rules), trust.minima.binding):
        if least is not None and BINDING_RANK[standing.binding] < BINDING_RANK[least]:
            raise RefusedError("binding", f"{least} or better", standing.binding, hint="name the process: --pid PID")
    for isolation in (*(rule.min_isolation for rule in rules), trust.minima.isolation):
        if isolation is not None and ISOLATION_RANK[standing.isolation] < ISOLATION_RANK[isolation]:
            raise RefusedError(
                "isolation",
                f"{isolation} or better",
                standing.isolation,
                hint="run the agent and the server as different users",
            )


def _longest_breaker(servers: Sequence[SealedServer]) -> int:
    """Return how far back what was done may count, in milliseconds."""
    breakers = [server.reference.enforcement.breaker for server in servers]
    return 1000 * max((breaker.within_seconds for breaker in breakers if breaker is not None), default=0)


def _pinned(path: Path | None, key: PublicKey) -> Checkpoint | None:
    if path is None:
        return None
    return open_checkpoint(read_file(path), key, where=str(path))
