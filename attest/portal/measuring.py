"""From cycles to footings: what the agent's newest measurement of the server means for calls."""

from __future__ import annotations

from typing import Final

from attest.agent.keeping import Reported
from attest.agent.run import Run
from attest.appraisal.calls.kinds import RuleKind
from attest.appraisal.calls.ruling import Ruling, refused
from attest.codec import instant
from attest.portal.session.gate import Footing, Match
from attest.statement.findings import FindingKind, State

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


def footing_after(before: Footing, reported: Reported, run: Run) -> Footing:
    """Return where the server stands after a cycle; called in the thread of the run.

    A match counts if it is one of the process that was started, and has a receipt.
    """
    process = reported.cycle.measured.coverage.process
    upstream = before.upstream if process is None else f"pid {process.pid} start {process.start_time_ticks}"
    refusal, match = _refusal(reported, run), before.match
    if refusal is None and process is not None and reported.sequence is not None and reported.receipt is not None:
        match = Match(
            log_origin=run.recorder.origin,
            sequence=reported.sequence,
            receipt=reported.receipt,
            began_ms=reported.began_boot,
        )
    return Footing(upstream=upstream, match=match, refusal=refusal, until_ms=_until(reported, run))


def _refusal(reported: Reported, run: Run) -> Ruling | None:
    if reported.server.opened.digest in run.enforcer.journal.past.safe:
        return refused(RuleKind.SAFE_STATE, "the safe state was declared for this reference: seal anew to go on")
    cycle = reported.cycle
    if cycle.state is State.MATCH:
        return None
    findings = cycle.findings.findings
    over = next((each for each in findings if each.kind in _BY_FINDING), None)
    if over is not None:
        return refused(_BY_FINDING[over.kind], f"{over.kind}: expected {over.expected}, found {over.found}")
    first = f"{findings[0].kind} {findings[0].where}" if findings else "no finding"
    return refused(_BY_STATE[cycle.state], f"the server is not known to be the sealed one: {first}")


def _until(reported: Reported, run: Run) -> int | None:
    """Return when the reference's time is over, in milliseconds since boot."""
    validity, ends = reported.server.reference.validity, list[int]()
    if validity.not_after is not None:
        ends.append(instant.parse(validity.not_after, where="notAfter"))
    first_used = run.circumstances.first_used.get(reported.server.opened.digest)
    if validity.ttl_seconds is not None and first_used is not None:
        ends.append(first_used + validity.ttl_seconds * _SECOND)
    return run.clock.boot() + min(ends) - run.clock.real() if ends else None
