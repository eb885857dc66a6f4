"""What the sealed rules allow of a call that is known by its receipts alone: method, tool, principal, definitions.

1. The principal is one of the rules', and one of those who may call the tool, where it names any.
2. The method is governed and allowed: a tool, prompt or resource that may be asked for, or a further method.
3. The rule that the permit names is the one that allows such a request.
4. A tool is called while what the server was last seen to have is the sealed set of definitions.

What is not checked: which resource was read, and the arguments. Only their owner can disclose them (`disclosed`).
"""

from __future__ import annotations

from typing import final

from attest.appraisal.calls.kinds import RuleKind
from attest.appraisal.calls.rulebook import COMPLETION, PROMPTS_GET, RESOURCES, TOOLS_CALL
from attest.evidence.verify.checks_of_calls import DEFINITIONS, PERMITTED
from attest.evidence.verify.sheet import Sheet
from attest.evidence.verify.told import Told
from attest.statement.tools.calls import Call, Permit
from attest.statement.tools.rules import ToolRules


@final
class Allowed:
    """The rules of one reference, ready to be asked."""

    def __init__(self, rules: ToolRules, sheet: Sheet, *, audit_only: bool) -> None:
        """Make the rules ready; in `audit_only` mode changed definitions are recorded, and stop nothing."""
        self._sheet = sheet
        self._audit_only = audit_only
        self._digest = rules.definitions_digest
        self._principals = frozenset(each.name for each in rules.principals)
        self._tools = {each.name: _callers(each.principals) for each in rules.tools}
        self._prompts = frozenset(rules.prompts)
        self._methods = frozenset(rules.methods)
        self._resources = frozenset(f"{RuleKind.RESOURCE_ALLOWED}:{each.id}" for each in rules.resources)

    def judge(self, told: Told, call: Call, permit: Permit) -> None:
        """Judge a permit."""
        if call.principal not in self._principals:
            self._fail("a caller was permitted whom the rules do not name", told, self._principals, call.principal)
        elif not self._may_call(call):
            self._fail("a call was permitted that the rules do not allow", told, "a sealed one", _name(call))
        elif permit.rule not in self._rules_for(call):
            self._fail("a permit by a rule that does not allow it", told, self._rules_for(call), permit.rule)
        if call.method == TOOLS_CALL and permit.definitions != self._digest and not self._audit_only:
            self._sheet.fail(
                DEFINITIONS,
                "a tool was called while the definitions were not the sealed ones",
                where=told.where,
                expected=self._digest,
                found=permit.definitions or "none were seen yet",
            )

    def _may_call(self, call: Call) -> bool:
        """Step 2, and whom the tool is for."""
        if call.method == TOOLS_CALL:
            principals = self._tools.get(call.tool or "", frozenset())
            return principals is None or call.principal in principals
        if call.method == PROMPTS_GET:
            return call.tool in self._prompts
        if call.method in RESOURCES:
            return bool(self._resources)
        if call.method == COMPLETION:
            return bool(self._resources) if call.tool is None else call.tool in self._prompts
        return call.method in self._methods

    def _rules_for(self, call: Call) -> frozenset[str]:
        """Return the rules that can allow a request of this method."""
        if call.method in RESOURCES or (call.method == COMPLETION and call.tool is None):
            return self._resources
        if call.method in {PROMPTS_GET, COMPLETION}:
            return frozenset({RuleKind.PROMPT_ALLOWED})
        return frozenset({RuleKind.TOOL_ALLOWED if call.method == TOOLS_CALL else RuleKind.METHOD_ALLOWED})

    def _fail(self, detail: str, told: Told, expected: object, found: object) -> None:
        said = ", ".join(sorted(expected)) if isinstance(expected, frozenset) else expected
        self._sheet.fail(PERMITTED, detail, where=told.where, expected=said, found=found or "nobody")


def _callers(names: tuple[str, ...]) -> frozenset[str] | None:
    return frozenset(names) or None


def _name(call: Call) -> str:
    of = f" of {call.tool}" if call.tool is not None else ""
    return f"{call.method}{of} by {call.principal}"
