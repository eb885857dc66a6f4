"""The exceptions of a gate policy that excused nothing, as every report tells them: somebody should take them out."""

from __future__ import annotations

from collections.abc import Iterable

from attest.evidence.verdict import Verdict


def unused_exceptions(verdicts: Iterable[Verdict]) -> tuple[str, ...]:
    """Return a line for each exception that excused nothing in any of these verdicts, all by one policy."""
    excused: dict[int, int] = {}
    checks: dict[int, str] = {}
    for verdict in verdicts:
        for number, each in enumerate(verdict.policy.exceptions if verdict.policy is not None else (), 1):
            excused[number] = excused.get(number, 0) + each.excused
            checks[number] = ", ".join(each.checks)
    return tuple(
        f"exceptions, number {number} ({checks[number]}): it excused nothing"
        for number, count in excused.items()
        if not count
    )
