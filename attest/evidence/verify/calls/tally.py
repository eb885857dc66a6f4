"""How many calls were permitted, denied and never answered, and by which rules."""

from __future__ import annotations

from typing import Final, final

from attest.evidence.verdict import CallCounts, RuleCount
from attest.statement.tools.calls import Call, Denial

MAX_RULES: Final = 1024
"""Different rules that are counted apart: more than a reference can seal. Others are counted together."""

MAX_TOOLS: Final = 1024
"""Different tools that are remembered: more than a server may have."""

_CALL: Final = "tools/call"

OTHERS: Final = "others"


@final
class Tally:
    """Counts over all logs of a bundle."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._permits: dict[str, int] = {}
        self._denials: dict[str, int] = {}
        self._tools: set[str] = set()
        self._let_pass = 0
        self.unanswered = 0
        """Permitted calls of which nobody knows what came: their run was cut off."""
        self.drifted = 0
        """How often a caller left the baseline."""
        self.commitments = 0
        """What could be opened: arguments and answers."""
        self.opened = 0

    @property
    def tools(self) -> frozenset[str] | None:
        """The tools that were called, those let pass included; None if there were more than are remembered."""
        return frozenset(self._tools) if len(self._tools) <= MAX_TOOLS else None

    def permit(self, rule: str, call: Call) -> None:
        """Count a permitted call."""
        _count(self._permits, rule, 1)
        self._name(call)

    def deny(self, denial: Denial) -> None:
        """Count what was refused."""
        _count(self._denials, denial.rule, denial.repeated)
        if not denial.enforced:
            self._let_pass += denial.repeated
            self._name(denial.call)

    def _name(self, call: Call) -> None:
        if call.tool is not None and call.method == _CALL and len(self._tools) <= MAX_TOOLS:
            self._tools.add(call.tool)

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
