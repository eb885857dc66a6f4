"""How many calls were permitted, denied and never answered, and by which rules."""

from __future__ import annotations

from typing import Final, final

from attest.evidence.verdict import CallCounts, RuleCount
from attest.statement.tools.calls import Denial

MAX_RULES: Final = 1024
"""Different rules that are counted apart: more than a reference can seal. Others are counted together."""

OTHERS: Final = "others"


@final
class Tally:
    """Counts over all logs of a bundle."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._permits: dict[str, int] = {}
        self._denials: dict[str, int] = {}
        self._let_pass = 0
        self.unanswered = 0
        """Permitted calls of which nobody knows what came: their run was cut off."""
        self.drifted = 0
        """How often a caller left the baseline."""
        self.commitments = 0
        """What could be opened: arguments and answers."""
        self.opened = 0

    def permit(self, rule: str) -> None:
        """Count a permitted call."""
        _count(self._permits, rule, 1)

    def deny(self, denial: Denial) -> None:
        """Count what was refused."""
        _count(self._denials, denial.rule, denial.repeated)
        self._let_pass += 0 if denial.enforced else denial.repeated

    def counts(self) -> CallCounts:
        """Return what was counted, the most frequent rules first."""
        rules = [
            RuleCount(rule=rule, permitted=self._permits.get(rule, 0), denied=self._denials.get(rule, 0))
            for rule in self._permits | self._denials
        ]
        return CallCounts(
            permitted=sum(self._permits.values()),
            denied=sum(self._denials.values()),
            let_pass=self._let_pass,
            unanswered=self.unanswered,
            drifted=self.drifted,
            commitments=self.commitments,
            opened=self.opened,
            rules=tuple(sorted(rules, key=lambda each: (-each.permitted - each.denied, each.rule))),
        )


def _count(counts: dict[str, int], rule: str, times: int) -> None:
    known = rule if rule in counts or len(counts) < MAX_RULES else OTHERS
    counts[known] = counts.get(known, 0) + times
