"""One cycle: look at the process, then at the files, judge both, and say what came out. Nothing is recorded here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from attest.agent.sealed import SealedServer
from attest.agent.watched import WatchedProcess
from attest.appraisal.files import compare_files
from attest.appraisal.process import judge_process
from attest.appraisal.state import make_findings
from attest.appraisal.validity import judge_validity
from attest.codec import instant
from attest.codec.clock import Clock
from attest.measure.derivations import RULES
from attest.measure.deriver import Deriver
from attest.measure.facts import Facts
from attest.measure.tree import look_at_roots
from attest.statement.findings import Finding, Findings, State
from attest.statement.observation import Derivation, Key, Observation, Trouble
from attest.statement.predicates.runtime_measurement import Coverage, Measured

_OPTIONAL_RULES: Final = frozenset(name for name, rule in RULES.items() if not rule.required)


@dataclass(frozen=True, kw_only=True)
class Cycle:
    """The result of one cycle over one server."""

    measured: Measured
    findings: Findings

    @property
    def state(self) -> State:
        """Where in the lattice this cycle ended."""
        return self.findings.state


def measure_once(server: SealedServer, watched: WatchedProcess | None, deriver: Deriver, clock: Clock) -> Cycle:
    """Look at everything once and judge it; an error while looking is a finding, never a match."""
    started_at = clock.real()
    seen = watched.observe(server) if watched is not None else None
    observation = look_at_roots(server.places, server.roots, server.listed, clock_ms=clock.real)
    derivations = _derive(server, observation, deriver)
    findings: list[Finding] = []
    if watched is not None and seen is not None:
        profile = server.reference.process
        findings += judge_process(profile, server.places, seen.process, seen.executable, first=watched.first)
    findings += compare_files(server.roots, server.entries, observation, derivations, optional_rules=_OPTIONAL_RULES)
    findings += judge_validity(server.reference, at=started_at)
    files = [item for item in observation.files.values() if item.sha256 is not None]
    coverage = Coverage(
        files=len(observation.files),
        bytes=sum(item.size or 0 for item in files),
        rehashed=len(files),
        cached=0,
        derived=sum(isinstance(item, Derivation) for item in derivations.values()),
        oldest_hash_age_milliseconds=max(0, observation.finished_at - observation.started_at),
        process=seen.measured if seen is not None else None,
    )
    measured = Measured(
        started_at=instant.text(started_at), finished_at=instant.text(max(clock.real(), started_at)), coverage=coverage
    )
    return Cycle(measured=measured, findings=make_findings(findings))


def _derive(server: SealedServer, observation: Observation, deriver: Deriver) -> dict[Key, Derivation | Trouble | None]:
    """Derive again what is sealed as derived, and whatever is not sealed at all."""
    facts = Facts(observation=observation, known=server.known, archives=server.archives, promised=server.promised)
    wanted = [key for key in observation.files if key not in server.known]
    return deriver.derive_all(facts, wanted)
