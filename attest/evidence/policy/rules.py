"""The rules of a gate policy, one row each: the check it is, whether a policy asks for it, and how it is judged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import msgspec

from attest.evidence.policy.document import GatePolicy
from attest.evidence.policy.rules_of_calls import is_counted, judge_calls, judge_path, judge_tools
from attest.evidence.policy.rules_of_origin import judge_assurance, judge_build, judge_runtimes, judge_site
from attest.evidence.policy.rules_of_runs import (
    judge_age,
    judge_anchored,
    judge_axes,
    judge_binding,
    judge_gap,
    judge_isolation,
    judge_logs,
    judge_measured,
    judge_references,
    judge_tier,
    judge_uncovered,
    measured,
    required,
)
from attest.evidence.policy.shortfall import Shortfall
from attest.evidence.verdict import Kind
from attest.evidence.verify import checks_of_policy as ids
from attest.evidence.verify.checks import CHECKS
from attest.evidence.verify.gathered import Judged


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """All that was verified in one call, and as of when; milliseconds since 1970."""

    policy: GatePolicy
    files: Sequence[Judged]
    at: int


Judge = Callable[[Asked, Judged], Iterator[Shortfall]]


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule: the id of its check, and what of a policy asks for it."""

    id: str
    asked: Callable[[GatePolicy], bool]
    judge: Judge
    of_references: bool = False
    """Whether what it finds is about one RuntimeReference, by which an exception can pick it."""
    of_paths: bool = False
    """Whether what it finds is about one file."""

    def applies(self, judged: Judged) -> bool:
        """Return whether a file is of a kind that can show what the rule asks for."""
        verdict = judged.verdict
        if self.id == ids.AXES:
            return verdict.kind is not Kind.UNKNOWN
        return verdict.kind in CHECKS[self.id].kinds


def _alone(judge: Callable[[GatePolicy, Judged], Iterator[Shortfall]]) -> Judge:
    """Return the judge of one file, which need not know the others."""
    return lambda asked, judged: judge(asked.policy, judged)


_ROWS: Final = (
    Rule(
        id=ids.REFERENCES,
        asked=lambda policy: bool(required(policy).references or required(policy).servers),
        judge=lambda asked, _judged: judge_references(asked.policy, asked.files),
        of_references=True,
    ),
    Rule(
        id=ids.LOGS,
        asked=lambda policy: bool(required(policy).logs),
        judge=lambda asked, _judged: judge_logs(asked.policy, asked.files),
    ),
    Rule(id=ids.TIER, asked=lambda policy: required(policy).tier is not None, judge=_alone(judge_tier)),
    Rule(
        id=ids.ANCHORED,
        asked=lambda policy: required(policy).max_anchor_age_seconds is not None,
        judge=lambda asked, judged: judge_anchored(asked.policy, judged, asked.at),
    ),
    Rule(id=ids.AXES, asked=lambda policy: bool(required(policy).proven_axes), judge=_alone(judge_axes)),
    Rule(
        id=ids.MEASURED,
        asked=lambda policy: measured(policy).min_seconds is not None or measured(policy).min_cycles is not None,
        judge=_alone(judge_measured),
        of_references=True,
    ),
    Rule(
        id=ids.GAP,
        asked=lambda policy: measured(policy).max_gap_seconds is not None,
        judge=_alone(judge_gap),
        of_references=True,
    ),
    Rule(
        id=ids.UNCOVERED,
        asked=lambda policy: measured(policy).max_uncovered_seconds is not None,
        judge=_alone(judge_uncovered),
    ),
    Rule(
        id=ids.AGE,
        asked=lambda policy: measured(policy).max_age_seconds is not None,
        judge=lambda asked, judged: judge_age(asked.policy, judged, asked.at),
        of_references=True,
    ),
    Rule(
        id=ids.BINDING,
        asked=lambda policy: measured(policy).min_binding is not None,
        judge=_alone(judge_binding),
        of_references=True,
    ),
    Rule(
        id=ids.ISOLATION,
        asked=lambda policy: measured(policy).min_isolation is not None,
        judge=_alone(judge_isolation),
        of_references=True,
    ),
    Rule(
        id=ids.ASSURANCE,
        asked=lambda policy: policy.assurance is not None,
        judge=_alone(judge_assurance),
        of_references=True,
    ),
    Rule(
        id=ids.RUNTIMES,
        asked=lambda policy: policy.runtime_assurance is not None or required(policy).runtime,
        judge=_alone(judge_runtimes),
        of_references=True,
    ),
    Rule(
        id=ids.SITE,
        asked=lambda policy: policy.site is not None,
        judge=_alone(judge_site),
        of_references=True,
        of_paths=True,
    ),
    Rule(id=ids.BUILD, asked=lambda policy: policy.build is not None, judge=_alone(judge_build), of_references=True),
    Rule(
        id=ids.TOOLS,
        asked=lambda policy: policy.calls is not None and policy.calls.tools is not None,
        judge=_alone(judge_tools),
    ),
    Rule(
        id=ids.CALLS,
        asked=lambda policy: policy.calls is not None and is_counted(policy.calls),
        judge=_alone(judge_calls),
    ),
    Rule(
        id=ids.PATH,
        asked=lambda policy: policy.calls is not None and policy.calls.path is not None,
        judge=_alone(judge_path),
    ),
)

RULES: Final = {row.id: row for row in _ROWS}
"""By the id of the check, in the order of `docs/checks.md`."""

NOWHERE: Final = Shortfall(
    detail="none of the files can show it", expected="a file that can, as an evidence bundle", found="none"
)


def judge_rule(rule: Rule, asked: Asked, judged: Judged) -> tuple[Shortfall, ...] | None:
    """Return what one file lacks by a rule, nothing if all is well; None if another file of the call answers for it."""
    if not any(rule.applies(each) for each in asked.files):
        return (NOWHERE,)
    if not rule.applies(judged):
        return None
    return tuple(rule.judge(asked, judged))
