"""The process and the files that were looked at in one cycle, put together: findings, and what a receipt says."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass

from attest.agent.closure import Looked
from attest.agent.sealed import SealedServer
from attest.agent.watched import SeenProcess
from attest.appraisal.closure import AnyOf, Closure, ClosurePart, make_closure
from attest.appraisal.mapped import count_outside
from attest.appraisal.process import judge_process
from attest.statement.findings import Finding
from attest.statement.observation import FileIdentity, ObservedProcess
from attest.statement.predicates.runtime_measurement import MeasuredProcess


@dataclass(frozen=True, kw_only=True)
class JudgedProcess:
    """What the look at the process came to."""

    findings: tuple[Finding, ...]
    measured: MeasuredProcess | None
    """None if too little of it could be seen."""


def judge_seen(
    server: SealedServer,
    seen: SeenProcess,
    looked: Sequence[tuple[SealedServer, Looked]],
    first: ObservedProcess | None,
    elsewhere: frozenset[str] = frozenset(),
) -> JudgedProcess:
    """Judge the process against its sealed profile and the closures that were `looked` at in the same cycle.

    `elsewhere` are the digests that other valid references of the server seal.
    """
    process = seen.process
    closure = make_closure(
        [
            ClosurePart(
                roots=sealed.roots,
                real_places=sealed.real_places(seen.prefix),
                digests=AnyOf(parts=(sealed.digests, _Derived(part=part))),
                listed=sealed.listed,
                observation=part.observation,
            )
            for sealed, part in looked
        ],
        _identities(process),
        elsewhere,
    )
    findings = judge_process(
        server.reference.process,
        server.places,
        process,
        seen.resolved,
        closure=closure,
        first=first,
        earlier=seen.earlier,
        given=seen.given,
    )
    return JudgedProcess(findings=findings, measured=measured_process(process, closure))


@dataclass(frozen=True, kw_only=True)
class _Derived(Container[str]):
    """The digests of what was derived again in this cycle, such as an environment's copy of its interpreter.

    Asked for only where a process has something that does not lie in its place.
    """

    part: Looked

    def __contains__(self, sha256: object) -> bool:
        files = self.part.observation.files
        found = (files.get(key) for key in self.part.derivations)
        return sha256 is not None and any(each is not None and each.sha256 == sha256 for each in found)


def _identities(process: ObservedProcess) -> frozenset[FileIdentity]:
    children = (child.executable.identity for child in process.children if child.executable is not None)
    return frozenset((*(file.identity for file in process.mapped), *children))


def measured_process(process: ObservedProcess, closure: Closure | None = None) -> MeasuredProcess | None:
    """Return what a receipt says of a process, with a closure what it maps too; None if too little could be seen."""
    if process.uid is None or process.executable_path is None or process.executable_sha256 is None:
        return None
    return MeasuredProcess(
        pid=process.pid,
        start_time_ticks=process.start_time_ticks,
        uid=process.uid,
        executable_path=process.executable_path,
        executable_sha256=process.executable_sha256,
        mapped=None if closure is None else len(process.mapped),
        outside=None if closure is None else count_outside(process, closure),
        children=None if closure is None else len(process.children),
    )
