"""From cycles to footings: what the agent's newest measurement of the server means for calls."""

from __future__ import annotations

from typing import Final

from attest.agent.circumstances import Circumstances
from attest.agent.keeping import Reported
from attest.agent.run import Run
from attest.agent.sealed import SealedServer
from attest.appraisal.calls.kinds import RuleKind
from attest.appraisal.calls.ruling import Ruling, refused
from attest.codec import instant
from attest.portal.session.gate import Footing, Match
from attest.statement.findings import FindingKind, Findings
from attest.statement.predicates.runtime_measurement import Coverage, MeasuredProcess
from attest.statement.states import State

_SECOND: Final = 1000
_BY_STATE: Final = {
    State.STALE: RuleKind.MEASUREMENT_STALE,
    State.UNKNOWN: RuleKind.MEASUREMENT_UNKNOWN,
    State.DRIFT: RuleKind.MEASUREMENT_DRIFT,
}
_BY_FINDING: Final = {
    FindingKind.EXPIRED: RuleKind.REFERENCE_EXPIRED,
    FindingKind.REVOKED: RuleKind.REFERENCE_REVOKED,
}
"""What no later cycle mends."""

IN_SAFE_STATE: Final = refused(
    RuleKind.SAFE_STATE, "the safe state was declared for this reference: seal anew to go on"
)


def name_of(process: MeasuredProcess) -> str:
    """Return how receipts name a process as the server that calls went to."""
    return f"pid {process.pid} start {process.start_time_ticks}"


def footing_after(before: Footing, reported: Reported, run: Run) -> Footing:
    """Return where the server stands after a cycle; called in the thread of the run.

    A match counts if it is one of the process that was started, or of who answers elsewhere, and has a receipt.
    """
    server = _server_of(reported.cycle.measured.coverage)
    upstream = before.upstream if server is None else server
    refusal, match = _refusal(reported, run), before.match
    if refusal is None and server is not None and reported.sequence is not None and reported.receipt is not None:
        match = Match(
            log_origin=run.recorder.origin,
            sequence=reported.sequence,
            receipt=reported.receipt,
            began_ms=reported.began_boot,
        )
    return Footing(
        upstream=upstream, match=match, refusal=refusal, until_ms=ends_at(reported.server, run.circumstances)
    )


def _server_of(coverage: Coverage) -> str | None:
    """Return who was measured; None for a look at files alone, before anything is started."""
    if coverage.upstream is not None:
        return coverage.upstream.name
    return None if coverage.process is None else name_of(coverage.process)


def _refusal(reported: Reported, run: Run) -> Ruling | None:
    if reported.server.opened.digest in run.enforcer.journal.past.safe:
        return IN_SAFE_STATE
    return refusal_of(reported.cycle.findings)


def refusal_of(findings: Findings) -> Ruling | None:
    """Return why nothing is permitted after a cycle with these findings; None after a match."""
    if findings.state is State.MATCH:
        return None
    over = next((each for each in findings.findings if each.kind in _BY_FINDING), None)
    if over is not None:
        return refused(_BY_FINDING[over.kind], f"{over.kind}: expected {over.expected}, found {over.found}")
    first = f"{findings.findings[0].kind} {findings.findings[0].where}" if findings.findings else "no finding"
    return refused(_BY_STATE[findings.state], f"the server is not known to be the sealed one: {first}")


def ends_at(server: SealedServer, circumstances: Circumstances) -> int | None:
    """Return when the time of a server's reference is over, in milliseconds since boot; None: never."""
    validity, clock, ends = server.reference.validity, circumstances.clock, list[int]()
    if validity.not_after is not None:
        ends.append(instant.parse(validity.not_after, where="notAfter"))
    first_used = circumstances.first_use(server.opened)
    if validity.ttl_seconds is not None and first_used is not None:
        ends.append(first_used + validity.ttl_seconds * _SECOND)
    return clock.boot() + min(ends) - clock.real() if ends else None
