"""Rules about calls: which tools were called, what became of calls, and whether there was a way past the portal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from attest.evidence.grammar import Tier
from attest.evidence.policy.document import CallsTable, GatePolicy
from attest.evidence.policy.shortfall import Shortfall, structural_only
from attest.evidence.verdict import CallCounts
from attest.evidence.verify.gathered import Judged

_NONE: Final = CallCounts(permitted=0, denied=0, let_pass=0, unanswered=0, drifted=0, commitments=0, opened=0, rules=())
_COUNTED: Final = ("denied", "let_pass", "unanswered", "drifted")


def is_counted(table: CallsTable) -> bool:
    """Return whether a number of calls is demanded."""
    return table.min_permitted is not None or any(getattr(table, f"max_{name}") is not None for name in _COUNTED)


def judge_tools(policy: GatePolicy, judged: Judged) -> Iterator[Shortfall]:
    """Find the tools that were called and are not named."""
    allowed = policy.calls.tools if policy.calls is not None else None
    if allowed is None:
        return
    expected = f"one of {', '.join(allowed)}" if allowed else "none at all"
    if judged.verdict.tier == Tier.STRUCTURAL:
        yield structural_only(expected)
    elif judged.gathered.tools is None:
        yield Shortfall(detail="more tools were called than are counted", expected=expected, found="more")
    for tool in judged.gathered.tools or ():
        if tool not in allowed:
            yield Shortfall(detail="another tool was called", expected=expected, found=tool)


def judge_calls(policy: GatePolicy, judged: Judged) -> Iterator[Shortfall]:
    """Hold the numbers of calls against their bounds."""
    table = policy.calls
    if table is None:
        return
    if judged.verdict.tier == Tier.STRUCTURAL:
        yield structural_only("calls that can be counted")
        return
    counts = judged.verdict.counts
    calls = _NONE if counts is None or counts.calls is None else counts.calls
    if table.min_permitted is not None and calls.permitted < table.min_permitted:
        expected = f"at least {table.min_permitted}"
        yield Shortfall(detail="too few calls were permitted", expected=expected, found=calls.permitted)
    for name in _COUNTED:
        most, found = getattr(table, f"max_{name}"), getattr(calls, name)
        if most is not None and found > most:
            told = name.replace("_", " ")
            yield Shortfall(detail=f"too many calls: {told}", expected=f"at most {most} {told}", found=found)


def judge_path(policy: GatePolicy, judged: Judged) -> Iterator[Shortfall]:
    """Demand that receipts show the portal as the only way."""
    wanted, found = policy.calls.path if policy.calls is not None else None, judged.verdict.path
    if wanted is not None and found != wanted:
        told = "no call was permitted, and so none shows it" if found is None else found
        yield Shortfall(detail="there may have been a way past the portal", expected=wanted, found=told)
