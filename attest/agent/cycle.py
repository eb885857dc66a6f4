"""One cycle: look at the process, then at the files, judge both, and say what came out. Nothing is recorded here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from attest.agent.closure import Looked, Looks
from attest.agent.judging import JudgedProcess, judge_seen
from attest.agent.sealed import SealedServer
from attest.agent.sight import sight_of
from attest.agent.waking import Waking
from attest.agent.watched import SeenProcess, WatchedProcess
from attest.appraisal.process import WHERE as PROCESS
from attest.appraisal.process import sealed_executable
from attest.appraisal.runtime import judge_runtime
from attest.appraisal.state import make_finding, make_findings
from attest.codec import instant
from attest.codec.clock import Clock
from attest.measure.leading import leads_of
from attest.measure.process import file_identity
from attest.statement.findings import Finding, FindingKind, Findings
from attest.statement.packed_files import as_packed
from attest.statement.placeholders import expand
from attest.statement.predicates.runtime_measurement import Coverage, Measured
from attest.statement.states import State


@dataclass(frozen=True, kw_only=True)
class Cycle:
    """The result of one cycle over one server."""

    measured: Measured
    findings: Findings

    @property
    def state(self) -> State:
        """Where in the lattice this cycle ended."""
        return self.findings.state

    @property
    def is_drift(self) -> bool:
        """Whether something was found that is not as sealed, as opposed to what could not be seen."""
        return self.state is State.DRIFT


def unanswered(server: SealedServer, *, began: int, ended: int, why: str) -> Cycle:
    """Return the cycle of a look that came to nothing, from `began` to `ended` (milliseconds): never a match."""
    nothing = Coverage(files=0, bytes=0, rehashed=0, cached=0, derived=0, oldest_hash_age_milliseconds=0)
    measured = Measured(
        started_at=instant.text(began),
        finished_at=instant.text(max(began, ended)),
        coverage=nothing,
        runtime=None if server.runtime is None else server.runtime.opened.digest,
    )
    finding = make_finding(FindingKind.UNREACHABLE, "server", expected="an answer in time", found=why)
    return Cycle(measured=measured, findings=make_findings((finding,)))


def ended_meanwhile(cycle: Cycle) -> Cycle:
    """Return a cycle during which the process ended: that nothing was found says nothing about it."""
    gone = make_finding(FindingKind.PROCESS_GONE, PROCESS, expected="a process that runs", found="it ended")
    return replace(cycle, findings=make_findings((*cycle.findings.findings, gone)))


def measure_once(
    server: SealedServer,
    watched: WatchedProcess | None,
    looks: Looks,
    clock: Clock,
    *,
    others: Sequence[SealedServer] = (),
) -> Cycle:
    """Look at everything once and judge it; an error while looking is a finding, never a match.

    With a runtime, its files are looked at in the same cycle, and a finding in them is one about the server. `others`
    are further references of the server: what a process still holds of the files that they seal was updated on disk.
    """
    began = clock.real()
    seen = watched.observe(server) if watched is not None else None
    handle = watched.handle if watched is not None else None
    runtime = looks.at_runtime(server, handle)
    own = looks.at(server, handle)
    parts = (own,) if runtime is None else (runtime, own)
    if watched is not None and seen is not None:
        seen = watched.complete(seen, [part.observation for part in parts])
    parts = (*parts, *looks.beside_it(server, parts))
    started_at = min([began, *(part.observation.started_at for part in parts)])
    findings: list[Finding] = [*looks.around]
    judged = None
    if watched is not None and seen is not None:
        looked = [(server, own)]
        if server.runtime is not None and runtime is not None:
            looked.append((server.runtime, runtime))
        judged = judge_seen(server, seen, looked, watched.first, _digests_of(others, looks, own.observation.started_at))
        findings += judged.findings
    findings += _judge_way_to_runtime(server, own, seen)
    findings += [finding for part in parts for finding in part.findings]
    measured = Measured(
        started_at=instant.text(started_at),
        finished_at=instant.text(max(clock.real(), started_at)),
        coverage=_coverage(parts, judged, seen, looks.waking),
        runtime=None if server.runtime is None else server.runtime.opened.digest,
    )
    return Cycle(measured=measured, findings=make_findings(findings))


def _digests_of(others: Sequence[SealedServer], looks: Looks, at: int) -> frozenset[str]:
    """Return the digests of what references seal that may be used now, their runtimes with them."""
    both = (part for each in others for part in (each, each.runtime) if part is not None)
    return frozenset().union(*(part.digests for part in both if not looks.judge(part, at)))


def _judge_way_to_runtime(server: SealedServer, own: Looked, seen: SeenProcess | None) -> tuple[Finding, ...]:
    """Judge whether command, environments and process lead to the executable of the runtime that was looked at."""
    runtime = server.runtime
    if runtime is None or runtime.reference.program is None:
        return ()
    profile = server.reference.process
    sealed = sealed_executable(profile) if profile is not None else None
    executable = expand(sealed, server.places) if sealed is not None else None
    program = expand(runtime.reference.program.path, runtime.places)
    prefix = seen.prefix if seen is not None else ""
    return judge_runtime(
        program,
        file_identity(program, prefix),
        leads_of(executable, own.observation.files, server.places, prefix),
        seen.process if seen is not None else None,
    )


def _coverage(
    parts: tuple[Looked, ...], judged: JudgedProcess | None, seen: SeenProcess | None, waking: Waking | None
) -> Coverage:
    observed = [as_packed(part.observation.files) for part in parts]
    hashed = sum(each.count_hashed() for each in observed)
    cached = sum(part.observation.cached for part in parts)
    oldest = max(part.observation.oldest_hash_age_ms for part in parts)
    started_at = min(part.observation.started_at for part in parts)
    finished_at = max(part.observation.finished_at for part in parts)
    return Coverage(
        files=sum(map(len, observed)),
        bytes=sum(each.bytes_hashed() for each in observed),
        rehashed=hashed - cached,
        cached=cached,
        derived=sum(len(part.derivations) + part.as_seen for part in parts),
        oldest_hash_age_milliseconds=oldest + max(0, finished_at - started_at),
        process=judged.measured if judged is not None else None,
        sight=sight_of([part.observation for part in parts], seen.process if seen is not None else None, waking),
    )
