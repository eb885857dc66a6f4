"""Several references of one server: whether the files are as another of them seals it."""

from __future__ import annotations

from typing import Final

from attest.appraisal.state import make_finding, make_findings
from attest.statement.findings import Finding, FindingKind, Findings

ON_DISK: Final = frozenset(
    {
        FindingKind.CHANGED,
        FindingKind.MISSING,
        FindingKind.EXTRA,
        FindingKind.TYPE,
        FindingKind.EXECUTABLE,
        FindingKind.LINK_TARGET,
        FindingKind.SPECIAL_MODE,
        FindingKind.UNDERIVED,
        FindingKind.UNREADABLE,
        FindingKind.UNSTABLE,
        FindingKind.NAME,
        FindingKind.UNDERIVABLE,
    }
)
"""What is found in files alone."""

UNUSABLE: Final = frozenset(
    {FindingKind.EXPIRED, FindingKind.NOT_YET_VALID, FindingKind.REVOKED, FindingKind.NO_REFERENCE}
)
"""What is found about a reference itself."""


def is_as_sealed_on_disk(findings: Findings) -> bool:
    """Return whether every file is as a reference seals it, which may be used; whatever the process is."""
    whole = findings.total == len(findings.findings)
    return whole and not any(finding.kind in ON_DISK | UNUSABLE for finding in findings.findings)


def as_updated(findings: Findings, *, running: str, on_disk: str, elsewhere: frozenset[str] = frozenset()) -> Findings:
    """Return what is found of a server whose files were updated while the old process still runs.

    `running` and `on_disk` say which reference each of them is as. What was found of the process stays, and what was
    found `elsewhere`: where the second reference seals nothing, it explains nothing.
    """
    updated = make_finding(
        FindingKind.UPDATED, "reference", expected=f"files as of {running}, or a restart", found=f"as of {on_disk}"
    )
    kept: list[Finding] = [each for each in findings.findings if each.kind not in ON_DISK or each.where in elsewhere]
    return make_findings([updated, *kept])
