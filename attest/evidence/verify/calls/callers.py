"""Callers that left the sealed baseline: what is said of it is the sealed rule, and nothing is permitted afterwards.

1. A drift names a sealed principal and a sealed rule with its numbers, more than they allow, and the sealed response.
2. The receipt that went over it stands before it in the log.
3. A request goes to a phantom only where that is sealed, and only of a sealed principal; it is denied for good.
4. Nothing is permitted to that principal afterwards under this reference: no restart forgets it. (Nor before, from when
   on the log shows it over the baseline: see `replay`.)
"""

from __future__ import annotations

from typing import Self, final

from attest.appraisal.calls.kinds import RuleKind
from attest.evidence.verify.checks_of_calls import CALLERS
from attest.evidence.verify.sheet import Sheet
from attest.evidence.verify.told import Told
from attest.statement.predicates.runtime_reference import RuntimeReference
from attest.statement.tools.calls import CallerResponse, Denial, DenialStage, Drifted
from attest.statement.tools.rules import ToolRules


@final
class Callers:
    """The principals of one reference in one log."""

    def __init__(self, reference: RuntimeReference, rules: ToolRules, sheet: Sheet) -> None:
        """Begin with all inside the baseline."""
        self._audit_only = reference.enforcement.audit_only
        self._response = CallerResponse.NONE if self._audit_only else CallerResponse(rules.on_caller_drift)
        self._baseline = {each.id: each for each in rules.baseline}
        self._principals = frozenset(each.name for each in rules.principals)
        self._stopped: dict[str, str] = {}
        """Where each left the baseline."""
        self._sheet = sheet

    def go_on(self, sheet: Sheet) -> Self:
        """Tell from here on another sheet, that of the next part of the log; return this."""
        self._sheet = sheet
        return self

    def permit(self, told: Told, principal: str | None) -> None:
        """Take a permit."""
        if principal in self._stopped and not self._audit_only:
            self._fail(
                "a caller was permitted something after it left the baseline",
                told,
                f"nothing for {principal} after {self._stopped[principal]}",
                "a permit",
            )

    def deny(self, told: Told, denial: Denial) -> None:
        """Take a denial."""
        if denial.rule != RuleKind.CALLER_PHANTOM:
            return
        if self._response is not CallerResponse.PHANTOM:
            self._fail("a phantom where none is sealed", told, self._response, denial.rule)
        if denial.call.principal not in self._principals or denial.stage is not DenialStage.REQUEST:
            self._fail("a phantom for nobody's request", told, "a request of a sealed principal", denial.call.principal)

    def drift(self, told: Told, drift: Drifted) -> None:
        """Take a drift."""
        self._stopped.setdefault(drift.principal, f"entry {told.sequence}")
        rule = self._baseline.get(drift.rule.rpartition(":")[2])
        if drift.principal not in self._principals or rule is None:
            self._fail("a drift by no sealed baseline", told, "a sealed rule and principal", drift.rule)
            return
        if (drift.at_most, drift.within_seconds) != (rule.at_most, rule.within_seconds) or drift.used <= rule.at_most:
            limit = f"more than {rule.at_most} in {rule.within_seconds} s"
            found = f"{drift.used} of {drift.at_most} in {drift.within_seconds} s"
            self._fail("a drift that is none by the sealed baseline", told, limit, found)
        if drift.response != self._response:
            self._fail("another response than the sealed one", told, self._response, drift.response)
        if drift.newest >= told.sequence:
            self._fail("a drift by a receipt that is still to come", told, f"before {told.sequence}", drift.newest)

    def _fail(self, detail: str, told: Told, expected: object, found: object) -> None:
        self._sheet.fail(CALLERS, detail, where=told.where, expected=expected, found=found)
