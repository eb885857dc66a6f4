"""The violations of one log, each finding once: by them a gate policy tells known drift from any other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from attest.evidence.verify.gathered import Deviation
from attest.statement.states import State

if TYPE_CHECKING:
    from attest.statement.findings import Findings

MAX_DEVIATIONS: Final = 1000
"""Different ones that are remembered: bounded memory, and no exception excuses so many."""


@final
class Violations:
    """What was found, violation after violation."""

    def __init__(self) -> None:
        """Begin with none."""
        self._found: dict[Deviation, None] = {}
        self._overflowed = False

    @property
    def found(self) -> tuple[Deviation, ...] | None:
        """Everything that was found, in its order; None if it was too much to remember."""
        return None if self._overflowed else tuple(self._found)

    def take(self, reference: str | None, findings: Findings) -> None:
        """Take one violation.

        A state other than drift, findings that are not written out, and a violation of no reference have no place.
        """
        named = findings.state is State.DRIFT and reference is not None and findings.findings
        if not named or findings.total != len(findings.findings):
            self._remember(Deviation(reference=reference, kind=None, where=None))
        for each in findings.findings:
            where = each.where if named else None
            self._remember(Deviation(reference=reference, kind=each.kind, where=where))

    def _remember(self, deviation: Deviation) -> None:
        if len(self._found) < MAX_DEVIATIONS:
            self._found[deviation] = None
        else:
            self._overflowed = self._overflowed or deviation not in self._found
