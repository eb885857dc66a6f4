"""Sequences: which tool may not follow another, and which has to come first; of each principal by itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attest.appraisal.calls.kinds import RuleKind
from attest.appraisal.calls.ruling import Ruling, refused
from attest.statement.tools.rules import Order, SequenceRule

_SECOND = 1000
"""In milliseconds."""


class History:
    """When each principal's calls of the tools that sequences name were permitted last, and succeeded last.

    It holds one time for each sealed principal and tool, however many calls there are.
    """

    __slots__ = ("_named", "permitted_at", "succeeded_at")

    def __init__(self, rules: Iterable[SequenceRule]) -> None:
        """Remember only what a rule asks for."""
        self._named = frozenset(tool for rule in rules for tool in rule.first)
        self.permitted_at: dict[tuple[str, str], int] = {}
        self.succeeded_at: dict[tuple[str, str], int] = {}

    def permit(self, principal: str, tool: str, now_ms: int) -> None:
        """A call was permitted."""
        if tool in self._named:
            self.permitted_at[principal, tool] = now_ms

    def succeed(self, principal: str, tool: str, now_ms: int) -> None:
        """A call came back with a result."""
        if tool in self._named:
            self.succeeded_at[principal, tool] = now_ms


class SequencePlan:
    """Which sequences end in which tool; compiled once."""

    def __init__(self, rules: Iterable[SequenceRule]) -> None:
        """Read the rules."""
        self._ending: dict[str, list[SequenceRule]] = {}
        for rule in rules:
            for tool in rule.then:
                self._ending.setdefault(tool, []).append(rule)

    def concerns(self, tool: str) -> bool:
        """Return whether any sequence ends in `tool`."""
        return tool in self._ending

    def judge(self, principal: str, tool: str, history: History, now_ms: int) -> Ruling | None:
        """Return the refusal by the first sequence that a call of `tool` would break."""
        for rule in self._ending.get(tool, ()):
            if rule.order is Order.FORBIDDEN:
                earlier = _last(rule, principal, history.permitted_at, now_ms)
                if earlier is not None:
                    return refused(RuleKind.SEQUENCE_FORBIDDEN, f"{tool} may not follow {earlier}", of=rule.id)
            elif _last(rule, principal, history.succeeded_at, now_ms) is None:
                needed = " or ".join(rule.first)
                return refused(RuleKind.SEQUENCE_REQUIRED, f"{tool} needs {needed} to have succeeded", of=rule.id)
        return None


def _last(rule: SequenceRule, principal: str, times: Mapping[tuple[str, str], int], now_ms: int) -> str | None:
    """Return a tool of `rule.first` whose time still counts."""
    for tool in rule.first:
        at = times.get((principal, tool))
        if at is not None and (rule.within_seconds is None or now_ms - at < rule.within_seconds * _SECOND):
            return tool
    return None
