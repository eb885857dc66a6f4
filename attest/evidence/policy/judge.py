"""Judge the verdicts of one call by a gate policy: pure, and after everything else.

1. Known drift of named files is excused (`excusing`), if it is all that `conformance.matched` found, and if nothing
   failed or stayed unproven of integrity, authenticity and completeness.
2. Each rule that the policy asks for becomes a check of each file that can show it. If none can, it failed in all.
3. Whatever is excused is `asserted`: the policy's owner says that it is good enough until a day.
4. Exceptions that have expired are a failed check.
5. The verdict is PASSED only if no check failed or stayed unproven, those from before included.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from attest.evidence.policy.excusing import (
    MATCHED,
    Live,
    as_excused,
    ends_at,
    exceptions_told,
    excuse,
    excuse_drift,
    live,
)
from attest.evidence.policy.reading import Policy
from attest.evidence.policy.rules import RULES, Asked, Rule, judge_rule
from attest.evidence.policy.shortfall import Shortfall
from attest.evidence.verdict import Axis, CheckResult, PolicyException, Status, UsedPolicy, Verdict
from attest.evidence.verify.checks import CHECKS
from attest.evidence.verify.checks_of_policy import EXCEPTIONS
from attest.evidence.verify.gathered import Judged
from attest.evidence.verify.result import is_passed
from attest.evidence.verify.sheet import axes_of, text_of

_WHOLE: Final = (Axis.INTEGRITY, Axis.AUTHENTICITY, Axis.COMPLETENESS)
_RANK: Final = {Status.UNPROVEN: 0, Status.FAIL: 1}


def judge_policy(policy: Policy, files: Sequence[Judged], at: int) -> tuple[Verdict, ...]:
    """Return the verdicts of one call by the policy too, in their order; `at` is in milliseconds since 1970."""
    exceptions = live(policy.document.exceptions, at)
    excused = [_excuse_drift(judged, exceptions) for judged in files]
    asked = Asked(policy=policy.document, files=[judged for judged, _ in excused], at=at)
    return tuple(_judge(policy, asked, judged, exceptions, used) for judged, used in excused)


def _excuse_drift(judged: Judged, exceptions: Live) -> tuple[Judged, Counter[int]]:
    """Step 1. Of a file that is not whole, or not by whom it has to be, nothing is excused."""
    used: Counter[int] = Counter()
    statuses = dict(judged.verdict.axes.items())
    if any(statuses[axis] in _RANK for axis in _WHOLE):
        return judged, used
    checks: list[CheckResult] = []
    for check in judged.verdict.checks:
        result = check
        if check.id == MATCHED:
            result, places = excuse_drift(check, judged.gathered.deviations, exceptions)
            used.update(places)
        checks.append(result)
    verdict = msgspec.structs.replace(judged.verdict, checks=tuple(checks), axes=axes_of(checks))
    return msgspec.structs.replace(judged, verdict=verdict), used


def _judge(policy: Policy, asked: Asked, judged: Judged, exceptions: Live, used: Counter[int]) -> Verdict:
    """Steps 2 to 5 for one file."""
    checks = list(judged.verdict.checks)
    for rule in RULES.values():
        found = judge_rule(rule, asked, judged) if rule.asked(policy.document) else None
        if found is not None:
            checks.append(_check(rule, found, exceptions, used))
    checks += _expired(policy, asked.at)
    return msgspec.structs.replace(
        judged.verdict,
        verdict="PASSED" if is_passed(checks) else "FAILED",
        checks=tuple(checks),
        axes=axes_of(checks),
        policy=UsedPolicy(sha256=policy.sha256, exceptions=tuple(_told(policy, used))),
    )


def _check(rule: Rule, found: Sequence[Shortfall], exceptions: Live, used: Counter[int]) -> CheckResult:
    """Steps 2 and 3: what became of one rule in one file."""
    excused = excuse(rule.id, found, exceptions)
    used.update(excused.used)
    if not found:
        return _result(rule.id, Status.PASS, CHECKS[rule.id].meaning)
    if excused.left:
        return _failed(rule.id, excused.left)
    told = [exceptions_told(each) for place, each in exceptions if place in excused.used]
    return as_excused(_failed(rule.id, found), told)


def _failed(check: str, found: Sequence[Shortfall]) -> CheckResult:
    first = max(found, key=lambda each: _RANK[each.status])
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return CheckResult(
        id=check,
        axis=Axis.POLICY,
        status=first.status,
        detail=(text_of(first.detail) or "") + more,
        expected=text_of(first.expected),
        found=text_of(first.found),
        where=first.where,
    )


def _expired(policy: Policy, at: int) -> Iterator[CheckResult]:
    """Step 4."""
    exceptions = policy.document.exceptions
    over = [each for each in exceptions if at >= ends_at(each)]
    if over:
        yield _failed(
            EXCEPTIONS,
            [
                Shortfall(
                    detail=f"an exception has expired: {', '.join(each.checks)}, {each.reason}",
                    expected="a last day that is not over",
                    found=each.expires.isoformat(),
                )
                for each in over
            ],
        )
    elif exceptions:
        yield _result(EXCEPTIONS, Status.PASS, f"{len(exceptions)} exceptions, none expired")


def _result(check: str, status: Status, detail: str) -> CheckResult:
    return CheckResult(id=check, axis=Axis.POLICY, status=status, detail=detail)


def _told(policy: Policy, used: Counter[int]) -> Iterator[PolicyException]:
    for place, each in enumerate(policy.document.exceptions):
        yield PolicyException(
            checks=each.checks, reason=each.reason, expires=each.expires.isoformat(), excused=used[place]
        )
