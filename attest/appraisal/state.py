"""From findings to a state: which finding leads where, the worst one wins, and the record of them all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from attest.codec.printable import printable
from attest.statement.findings import MAX_FINDINGS, Finding, FindingKind, Findings
from attest.statement.states import STATE_RANK, State

STATE_OF: Final[Mapping[FindingKind, State]] = MappingProxyType(
    {
        FindingKind.CHANGED: State.DRIFT,
        FindingKind.MISSING: State.DRIFT,
        FindingKind.EXTRA: State.DRIFT,
        FindingKind.TYPE: State.DRIFT,
        FindingKind.EXECUTABLE: State.DRIFT,
        FindingKind.LINK_TARGET: State.DRIFT,
        FindingKind.SPECIAL_MODE: State.DRIFT,
        FindingKind.UNDERIVED: State.DRIFT,
        # No sealed file has such a name: it is an extra one for certain.
        FindingKind.NAME: State.DRIFT,
        FindingKind.PROCESS_REPLACED: State.DRIFT,
        FindingKind.EXECUTABLE_OTHER: State.DRIFT,
        FindingKind.EXECUTABLE_DELETED: State.DRIFT,
        FindingKind.EXECUTABLE_IN_MEMORY: State.DRIFT,
        FindingKind.ARGUMENTS: State.DRIFT,
        FindingKind.MAPPED: State.DRIFT,
        FindingKind.MAPPED_DELETED: State.DRIFT,
        FindingKind.MAPPED_CHANGED: State.DRIFT,
        FindingKind.PATCHED: State.DRIFT,
        FindingKind.ENVIRONMENT: State.DRIFT,
        FindingKind.WORKING_DIRECTORY: State.DRIFT,
        FindingKind.CREDENTIALS: State.DRIFT,
        FindingKind.NAMESPACE: State.DRIFT,
        FindingKind.MOUNT: State.DRIFT,
        FindingKind.CHILD: State.DRIFT,
        FindingKind.LISTENING: State.DRIFT,
        # Untrusted is not merely out of date: somebody said that it must not run.
        FindingKind.REVOKED: State.DRIFT,
        FindingKind.RUNTIME_OTHER: State.DRIFT,
        FindingKind.UPSTREAM_OTHER: State.DRIFT,
        FindingKind.DEFINITION: State.DRIFT,
        FindingKind.UNREADABLE: State.UNKNOWN,
        FindingKind.UNSTABLE: State.UNKNOWN,
        FindingKind.UNDERIVABLE: State.UNKNOWN,
        FindingKind.NO_REFERENCE: State.UNKNOWN,
        FindingKind.NOT_YET_VALID: State.UNKNOWN,
        FindingKind.PROCESS_GONE: State.UNKNOWN,
        FindingKind.UNREACHABLE: State.UNKNOWN,
        FindingKind.UPDATING: State.UNKNOWN,
        FindingKind.REVOCATIONS_STALE: State.UNKNOWN,
        FindingKind.CLOCK: State.UNKNOWN,
        FindingKind.EXPIRED: State.STALE,
        # What runs is what was sealed; what lies on disk is another matter, and has findings of its own.
        FindingKind.EXECUTABLE_REPLACED: State.STALE,
        FindingKind.UPDATED: State.STALE,
    }
)
"""Every kind leads away from MATCH. UNKNOWN: nobody could say; STALE: what was sealed is out of date."""


def worst_state(findings: Iterable[Finding]) -> State:
    """Return the worst state that the findings lead to; MATCH if there is none."""
    states = (STATE_OF[finding.kind] for finding in findings)
    return max(states, key=STATE_RANK.__getitem__, default=State.MATCH)


def make_findings(findings: Iterable[Finding]) -> Findings:
    """Return the record of all findings: sorted, counted, and cut at `MAX_FINDINGS`.

    If there are more, those that lead to the worst state are kept.
    """
    every = sorted(findings, key=_order)
    worst_first = sorted(every, key=lambda finding: -STATE_RANK[STATE_OF[finding.kind]])
    kept = sorted(worst_first[:MAX_FINDINGS], key=_order)
    return Findings(state=worst_state(every), findings=tuple(kept), total=len(every))


def make_finding(kind: FindingKind, where: str, *, expected: str | None = None, found: str | None = None) -> Finding:
    """Make a finding of any text, however hostile: every field becomes one printable line."""
    return Finding(
        kind=kind,
        where=printable(where),
        expected=None if expected is None else printable(expected),
        found=None if found is None else printable(found),
    )


def _order(finding: Finding) -> tuple[str, str, str, str]:
    return finding.where, finding.kind, finding.expected or "", finding.found or ""
