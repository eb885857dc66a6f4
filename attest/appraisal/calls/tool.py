"""One sealed tool with its rules compiled: the schema, then the paths, then the condition."""

from __future__ import annotations

from collections.abc import Mapping

from attest.appraisal.calls.asked import Asked
from attest.appraisal.calls.conditions import Condition
from attest.appraisal.calls.kinds import RuleKind
from attest.appraisal.calls.paths import Containment, Resolve
from attest.appraisal.calls.results import answer_rule
from attest.appraisal.calls.ruling import Ruling, refused
from attest.appraisal.calls.schemas import ArgumentSchema
from attest.statement.tools.rules import ToolRule


class CompiledTool:
    """A tool that may be called."""

    def __init__(
        self, rule: ToolRule, places: Mapping[str, str], resolve: Resolve, working_directory: str | None
    ) -> None:
        """Compile all that is about arguments; errors as `compile_rules` says."""
        where = f"tool {rule.name}"
        self.name = rule.name
        self.result = answer_rule(rule.result)
        self._principals = frozenset(rule.principals)
        self._schema = ArgumentSchema(rule.arguments, where=f"{where}: arguments")
        self._paths = tuple(Containment(each, places, resolve, working_directory) for each in rule.paths)
        self._condition = (
            None
            if rule.condition is None
            else Condition(rule.condition, where=f"{where}: condition", open_names=self._schema.open_names)
        )

    def judge_principal(self, principal: str) -> Ruling | None:
        """Return the refusal of a principal that the tool is not for."""
        if not self._principals or principal in self._principals:
            return None
        return refused(RuleKind.PRINCIPAL_TOOL, f"{self.name} is not for {principal}")

    def judge_arguments(self, asked: Asked, principal: str) -> Ruling | None:
        """Return the first refusal of the arguments; absent ones are empty ones."""
        arguments = {} if asked.arguments is None else asked.arguments
        refusal = self._schema.judge(arguments)
        if refusal is not None:
            return refusal
        for path in self._paths:
            refusal = path.judge(arguments)
            if refusal is not None:
                return refusal
        return None if self._condition is None else self._condition.judge(arguments, self.name, principal)
