"""The rules of one reference, compiled: what it decides, in this order.

1. Who asks: a sealed principal that did not leave the baseline, by a clock that does not run backwards.
2. What for: a sealed tool, prompt, resource or method, of exactly this name; a tool only by its principals.
3. With what: the argument schema, path containment, the condition.
4. When: sequences, then limits.

Not here: whether the server was measured, and whether a message is one; whoever forwards asks for these first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from attest.appraisal.calls import limits
from attest.appraisal.calls.asked import Asked
from attest.appraisal.calls.definitions import SealedDefinitions
from attest.appraisal.calls.described import SealedDescriptions
from attest.appraisal.calls.kinds import RuleKind
from attest.appraisal.calls.ledger import Ledger
from attest.appraisal.calls.limits import LimitPlan
from attest.appraisal.calls.resources import ResourcePlan
from attest.appraisal.calls.results import AnswerRule, asks_for_input, judge_client_request, judge_result
from attest.appraisal.calls.ruling import Ruling, permitted, refused
from attest.appraisal.calls.sequences import SequencePlan
from attest.appraisal.calls.tool import CompiledTool
from attest.statement.tools.limits import Counter, Unit
from attest.statement.tools.rules import BaselineRule, ToolRules

TOOLS_CALL: Final = "tools/call"
RESOURCES: Final = frozenset({"resources/read", "resources/subscribe"})
PROMPTS_GET: Final = "prompts/get"
COMPLETION: Final = "completion/complete"


class Rulebook:
    """Decides over requests and answers; holds no counts, which are its `Ledger`'s."""

    def __init__(self, rules: ToolRules, tools: Mapping[str, CompiledTool]) -> None:
        """Take the rules and their compiled tools; `compile_rules` calls this."""
        self._rules = rules
        self.has_baseline: Final = bool(rules.baseline)
        """Whether anybody can leave it."""
        self._tools = tools
        self._principals = {each.name: each for each in rules.principals}
        self._prompts = frozenset(rules.prompts)
        self._methods = frozenset(rules.methods)
        self._resources = ResourcePlan(rules.resources)
        self._sequences = SequencePlan(rules.sequences)
        self._limits = LimitPlan(rules)
        self.described: Final = SealedDescriptions(rules.described)
        self._definitions = SealedDefinitions((each.name, each.sha256) for each in rules.definitions)

    def ledger(self) -> Ledger:
        """Return an empty ledger for these rules."""
        return Ledger(self._rules, self._limits)

    def decide(self, asked: Asked, ledger: Ledger, now_ms: int) -> Ruling:
        """Return whether a request may be forwarded at `now_ms`; changes nothing: whoever acts on it tells the ledger.

        Whatever is permitted has to be counted (`Ledger.permit`) before the next decision.
        """
        refusal = self._judge_caller(asked, ledger, now_ms)
        if refusal is not None:
            return refusal
        allowed = self._judge_subject(asked)
        if not allowed.permitted:
            return allowed
        tool = self._tool(asked)
        if tool is not None:
            refusal = tool.judge_arguments(asked, ledger.principal(asked))
        return refusal or self._judge_use(asked, allowed, ledger, now_ms)

    def answered(self, asked: Asked, answer: Mapping[str, Any], size: int, ledger: Ledger, now_ms: int) -> Ruling:
        """Return whether an answer may go to the caller: `answer` is the whole response message, of `size` bytes.

        Whoever acts on it calls `Ledger.settle` before the next answer is judged.
        """
        tool = self._tool(asked)
        rule = AnswerRule(input_requests=self._rules.input_requests) if tool is None else tool.result
        refusal = judge_result(rule, answer, size)
        if refusal is not None:
            return refusal
        applied = self._limits.applied(ledger.principal(asked), ledger.tool(asked))
        if not applied:
            return permitted(RuleKind.RESULT_ALLOWED)
        for each, counter in zip(applied, limits.count(applied, ledger.meters, asked, now_ms), strict=True):
            more = size * each.a_byte
            if each.limit.unit is Unit.ROUNDS and asks_for_input(answer):
                more = 1
            if more and counter.used + more > counter.amount:
                return limits.exceeded(each.limit, counter)
        return permitted(RuleKind.RESULT_ALLOWED)

    def asks_client(self, method: str) -> Ruling:
        """Return whether the server may ask the client for `method` by a request of its own (before 2026-07-28)."""
        return judge_client_request(method, self._rules.input_requests)

    def shows(self, name: str, digest: str) -> bool:
        """Return whether a list of tools may show a definition: it is the sealed one of a tool that may be called."""
        return name in self._tools and self._definitions.is_sealed(name, digest)

    def definitions(self, found: Iterable[tuple[str, str]]) -> Ruling:
        """Return whether the server describes exactly the sealed tools: pairs of name and digest of all of them."""
        return self._definitions.judge(found)

    def drifted(self, principal: str, ledger: Ledger, now_ms: int) -> tuple[BaselineRule, int] | None:
        """Return the rule of the baseline that a principal (by name) left, and how much it used; None: it did not."""
        watch = ledger.watch(principal)
        return None if watch is None else watch.exceeded(now_ms)

    def counters(self, asked: Asked, ledger: Ledger, now_ms: int) -> tuple[Counter, ...]:
        """Return every limit that applies to a request, as it stands before it."""
        applied = self._limits.applied(ledger.principal(asked), ledger.tool(asked))
        return limits.count(applied, ledger.meters, asked, now_ms)

    def _judge_caller(self, asked: Asked, ledger: Ledger, now_ms: int) -> Ruling | None:
        principal = asked.principal
        if principal is None or self._principals.get(principal.name) != principal:
            return refused(RuleKind.PRINCIPAL_UNKNOWN, "the caller is nobody that the rules name")
        if ledger.newest_ms is not None and now_ms < ledger.newest_ms:
            return refused(RuleKind.CLOCK_BACKWARDS, "the clock runs backwards, so no limit can be judged")
        if principal.name in ledger.stopped:
            return refused(RuleKind.CALLER_DRIFTED, f"{principal.name} left the sealed baseline and was stopped")
        left = self.drifted(principal.name, ledger, now_ms) if self.has_baseline else None
        if left is None:
            return None
        rule, used = left
        usual = f"{rule.at_most} {rule.trait} within {rule.within_seconds} s are usual"
        return refused(RuleKind.CALLER_DRIFTED, f"{principal.name}: {usual}, {used} found", of=rule.id)

    def _judge_subject(self, asked: Asked) -> Ruling:
        """Return whether what is asked for is sealed at all."""
        match asked.method:
            case "tools/call":
                return self._judge_tool(asked)
            case "resources/read" | "resources/subscribe":
                return self._resources.judge(asked.uri)
            case "prompts/get":
                return self._judge_prompt(asked.name)
            case "completion/complete":
                return self._resources.judge(asked.uri) if asked.name is None else self._judge_prompt(asked.name)
            case _ if asked.method in self._methods:
                return permitted(RuleKind.METHOD_ALLOWED)
            case _:
                return refused(RuleKind.METHOD_UNKNOWN, "no rule allows this method")

    def _judge_tool(self, asked: Asked) -> Ruling:
        tool = self._tool(asked)
        if tool is None or asked.principal is None:
            return refused(RuleKind.TOOL_UNKNOWN, "no rule allows a tool of this name")
        return tool.judge_principal(asked.principal.name) or permitted(RuleKind.TOOL_ALLOWED)

    def _judge_prompt(self, name: str | None) -> Ruling:
        if name in self._prompts:
            return permitted(RuleKind.PROMPT_ALLOWED)
        return refused(RuleKind.PROMPT_UNKNOWN, "no rule allows a prompt of this name")

    def _judge_use(self, asked: Asked, allowed: Ruling, ledger: Ledger, now_ms: int) -> Ruling:
        """Return whether this is the time for it, and within the limits; if so, with what every limit stood at."""
        who, tool = ledger.principal(asked), ledger.tool(asked)
        if tool is not None:
            refusal = self._sequences.judge(who, tool, ledger.history, now_ms)
            if refusal is not None:
                return refusal
        applied = self._limits.applied(who, tool)
        if not applied and asked.round == 0:
            return allowed
        counters = limits.count(applied, ledger.meters, asked, now_ms)
        refusal = limits.judge(applied, counters, asked)
        return refusal or Ruling(permitted=True, rule=allowed.rule, counters=counters)

    def _tool(self, asked: Asked) -> CompiledTool | None:
        return self._tools.get(asked.name) if asked.method == TOOLS_CALL and asked.name is not None else None
