"""What an agent says of a victim: cycle after cycle in one run, with an attacker's turns between; then verified."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from attest.agent.cycle import Cycle
from attest.agent.starting import AgentRequest, open_agent
from attest.measure.deriver import Deriver
from attest.statement.findings import FindingKind
from attest.statement.states import State
from tests.attacks.victims import TRUST, Victim
from tests.commands import attest, passed

Turn = Callable[[], object]


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What one cycle came to."""

    state: State
    kinds: frozenset[FindingKind]
    text: str

    @classmethod
    def of(cls, cycle: Cycle) -> Seen:
        """Say what a cycle found."""
        found = cycle.findings.findings
        text = "\n".join(f"{each.kind} {each.where}: expected {each.expected}, found {each.found}" for each in found)
        return cls(state=cycle.state, kinds=frozenset(each.kind for each in found), text=text)


def observe(victim: Victim, log: Path, pid: int | None, *turns: Turn) -> list[Seen]:
    """Measure once more than there are turns, each of which comes when a cycle has been recorded; all in one run."""
    seen: list[Seen] = []
    with open_agent(request_of(victim, log, pid), lambda reported: seen.append(Seen.of(reported.cycle))) as run:
        (target,) = run.request.targets
        # What one run compiled another need not: the memory is by content, and compiling is most of a first cycle.
        target.deriver = _derivers.setdefault(victim.folder, target.deriver)
        run._start()
        run._cycle()
        for turn in turns:
            turn()
            run._cycle()
        run._stop("enough was seen")
    return seen


_derivers: dict[Path, Deriver] = {}


def request_of(victim: Victim, log: Path, pid: int | None) -> AgentRequest:
    """Return what a person would ask of the agent."""
    return AgentRequest(
        references=tuple(victim.folder / each for each in victim.references),
        trust=victim.folder / "trust.json",
        key=victim.folder / "writer.key",
        log=log,
        pid=pid,
        places={},
    )


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What `attest verify` makes of an exported log."""

    passed: bool
    failed: frozenset[str]
    measurements: int
    violations: int


def verify(victim: Victim, log: Path) -> Verdict:
    """Export a log and verify it, as somebody elsewhere does."""
    bundle = log.with_name("evidence.jsonl")
    passed(attest(victim.folder, "bundle", str(log), "-o", str(bundle)))
    words = ("--reference", "server.ref", "--kind", "evidence-bundle", "--format", "json")
    told: dict[str, Any] = json.loads(attest(victim.folder, "verify", str(bundle), *TRUST, *words).stdout)
    checks: Sequence[dict[str, Any]] = told["checks"]
    return Verdict(
        passed=told["verdict"] == "PASSED",
        failed=frozenset(check["id"] for check in checks if check["status"] not in {"pass", "asserted"}),
        measurements=told["counts"]["measurements"],
        violations=told["counts"]["violations"],
    )
