"""Rules about runs: what has to be there, how long and how well it was measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from attest.codec import instant
from attest.evidence.grammar import TIER_RANK, Tier
from attest.evidence.policy.document import GatePolicy, MeasuredTable, RequiredTable
from attest.evidence.policy.shortfall import Bound, Shortfall, structural_only
from attest.evidence.verdict import Axis, Status
from attest.evidence.verify.gathered import Judged
from attest.statement.levels import BINDING_RANK, ISOLATION_RANK

_SECOND: Final = 1000


def required(policy: GatePolicy) -> RequiredTable:
    """Return that table of a policy, empty if it is not there."""
    return policy.required or RequiredTable()


def measured(policy: GatePolicy) -> MeasuredTable:
    """Return that table of a policy, empty if it is not there."""
    return policy.measured or MeasuredTable()


def judge_references(policy: GatePolicy, files: Sequence[Judged]) -> Iterator[Shortfall]:
    """Find the references and servers that are measured in none of the files."""
    seen = [each.sealed for judged in files for each in judged.gathered.measured if each.measurements]
    digests = {each.digest for each in seen}
    for wanted in required(policy).references:
        digest = wanted.removeprefix("sha256:")
        if digest not in digests:
            yield Shortfall(
                detail="a required reference is expected and measured in none of the files",
                expected=wanted,
                found=f"{len(digests)} others",
                reference=digest,
            )
    names = {each.reference.server.name for each in seen}
    for name in required(policy).servers:
        if name not in names:
            yield Shortfall(
                detail="a required server is expected and measured in none of the files",
                expected=name,
                found=", ".join(sorted(names)) or "none",
            )


def judge_logs(policy: GatePolicy, files: Sequence[Judged]) -> Iterator[Shortfall]:
    """Find the logs that are in none of the files."""
    origins = {origin for judged in files for origin in judged.gathered.logs}
    for origin in required(policy).logs:
        if origin not in origins:
            found = ", ".join(sorted(origins)) or "none"
            yield Shortfall(detail="a required log is in none of the files", expected=origin, found=found)


def judge_tier(policy: GatePolicy, judged: Judged) -> Iterator[Shortfall]:
    """Hold the tier of a bundle against the least one."""
    least, found = required(policy).tier, judged.verdict.tier
    if least is not None and (found is None or TIER_RANK[Tier(found)] < TIER_RANK[least]):
        yield Shortfall(detail="the bundle holds less than required", expected=least, found=found or "none")


def judge_anchored(policy: GatePolicy, judged: Judged, at: int) -> Iterator[Shortfall]:
    """Hold the newest time stamp over each log against the largest age."""
    limit, anchored = required(policy).max_anchor_age_seconds, judged.verdict.anchored
    if limit is not None and (anchored is None or at - instant.parse(anchored) > limit * _SECOND):
        detail = "not every log has an anchor that counts" if anchored is None else "anchored too long ago"
        yield Shortfall(detail=detail, expected=f"a time stamp at most {limit} s ago", found=anchored or "none")


def judge_axes(policy: GatePolicy, judged: Judged) -> Iterator[Shortfall]:
    """Find the axes that apply, and are not proven."""
    statuses = dict(judged.verdict.axes.items())
    for name in required(policy).proven_axes:
        status = statuses[Axis(name)]
        if status not in {Status.PASS, Status.NOT_APPLICABLE}:
            asserted = [
                check.id for check in judged.verdict.checks if check.axis == name and check.status is Status.ASSERTED
            ]
            found = status if status is not Status.ASSERTED else f"asserted: {', '.join(asserted)}"
            yield Shortfall(detail=f"the axis {name} is not proven", expected=Status.PASS, found=found)


def judge_measured(policy: GatePolicy, judged: Judged) -> Iterator[Shortfall]:
    """Hold the time and the cycles in which each reference was measured against what is demanded at least."""
    seconds, cycles = measured(policy).min_seconds, measured(policy).min_cycles
    if seconds is not None:
        yield from Bound(
            expected=f"at least {seconds} s",
            detail="measured for too short a time",
            of=lambda each: each.milliseconds,
            enough=lambda found: found >= seconds * _SECOND,
            told=_seconds,
        ).hold(judged)
    if cycles is not None:
        yield from Bound(
            expected=f"at least {cycles}",
            detail="measured in too few cycles",
            of=lambda each: each.cycles,
            enough=lambda found: found >= cycles,
        ).hold(judged)


def judge_gap(policy: GatePolicy, judged: Judged) -> Iterator[Shortfall]:
    """Hold the longest time without a measurement inside a run against the most that is allowed."""
    most = measured(policy).max_gap_seconds
    if most is not None:
        yield from Bound(
            expected=f"at most {most} s",
            detail="inside a run nothing was measured for longer than the policy allows",
            of=lambda each: each.largest_gap,
            enough=lambda found: found <= most * _SECOND,
            told=_seconds,
        ).hold(judged)


def judge_uncovered(policy: GatePolicy, judged: Judged) -> Iterator[Shortfall]:
    """Hold the time outside runs against the most that is allowed."""
    most, found = measured(policy).max_uncovered_seconds, judged.verdict.uncovered_seconds
    if most is None:
        return
    if judged.verdict.tier == Tier.STRUCTURAL:
        yield structural_only(f"at most {most} s")
    elif found is None or found > most:
        yield Shortfall(detail="too long outside runs", expected=f"at most {most} s", found=f"{found} s")


def judge_age(policy: GatePolicy, judged: Judged, at: int) -> Iterator[Shortfall]:
    """Hold the beginning of each reference's newest measurement against the greatest age."""
    most = measured(policy).max_age_seconds
    if most is not None:
        yield from Bound(
            expected=f"one begun at most {most} s before {instant.text(at)}",
            detail="the newest measurement is too old",
            of=lambda each: each.newest,
            enough=lambda begun: at - begun <= most * _SECOND,
            told=instant.text,
        ).hold(judged)


def judge_binding(policy: GatePolicy, judged: Judged) -> Iterator[Shortfall]:
    """Hold the weakest binding of each reference's measurements against the least one."""
    least = measured(policy).min_binding
    if least is not None:
        yield from Bound(
            expected=least,
            detail="measured with a weaker binding",
            of=lambda each: each.binding,
            enough=lambda binding: BINDING_RANK[binding] >= BINDING_RANK[least],
        ).hold(judged)


def judge_isolation(policy: GatePolicy, judged: Judged) -> Iterator[Shortfall]:
    """Hold the weakest isolation of each reference's measurements against the least one."""
    least = measured(policy).min_isolation
    if least is not None:
        yield from Bound(
            expected=least,
            detail="the measurer was kept apart less",
            of=lambda each: each.isolation,
            enough=lambda isolation: ISOLATION_RANK[isolation] >= ISOLATION_RANK[least],
        ).hold(judged)


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds / _SECOND:g} s"
