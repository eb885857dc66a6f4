"""The verdict for people: read in ten seconds, and what to do about each failed check."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from attest.codec.printable import MAX_LINE_CHARACTERS, printable
from attest.evidence.grammar import Tier
from attest.evidence.reports.logged import logged
from attest.evidence.reports.report import Report
from attest.evidence.verdict import (
    AssuranceShares,
    Attested,
    CallCounts,
    CheckResult,
    Counts,
    Kind,
    PathKind,
    Status,
    UsedPolicy,
    Verdict,
)
from attest.statement.levels import Binding

Paint = Callable[[str, str], str]
"""Gives (text, colour) its colour, or not."""

_MARKS: Final = {
    Status.PASS: ("ok", "green"),
    Status.ASSERTED: ("asserted", "yellow"),
    Status.UNPROVEN: ("UNPROVEN", "red"),
    Status.FAIL: ("FAIL", "red"),
    Status.NOT_APPLICABLE: ("-", "dim"),
}
_CODES: Final = {"green": "32", "yellow": "33", "red": "31", "dim": "2", "bold": "1"}
_PATHS: Final = {
    PathKind.SOLE: "the portal alone led to the server, and no network",
    PathKind.ADVISORY: "no receipt shows that the portal was the only way to the server, and from it",
}
_PERCENT: Final = 100
_TOLD: Final = {"integrity.inclusion": "place", "freshness.anchor": "anchored"}
"""Checks that say something worth reading when they pass, by what it is."""
_MAX_LINE: Final = 2 * MAX_LINE_CHARACTERS
"""Of what is told beside a name that is as long as it may be."""
_SHOWN: Final = 4
"""How many of a list are enough to tell."""


def render_text(verdicts: Sequence[Verdict]) -> str:
    """Return the verdicts as plain text, ending in a line feed."""
    return _render(verdicts, lambda text, _colour: text)


def render_colored(verdicts: Sequence[Verdict]) -> str:
    """Return the verdicts as text for a terminal with colours."""
    return _render(verdicts, lambda text, colour: f"\x1b[{_CODES[colour]}m{text}\x1b[0m")


def _render(verdicts: Sequence[Verdict], paint: Paint) -> str:
    return "".join(f"{logged(line)}\n" for verdict in verdicts for line in (*_lines(verdict, paint), ""))


def _lines(verdict: Verdict, paint: Paint) -> Iterator[str]:
    colour = "green" if verdict.passed else "red"
    only = "  structural only: nobody looked at any content" if verdict.tier == Tier.STRUCTURAL else ""
    kind = verdict.kind if verdict.tier is None else f"{verdict.kind}, {verdict.tier}"
    yield f"{paint(verdict.verdict, colour)}  {printable(verdict.file)}  ({kind}){only}"
    yield from (f"  {line}" for line in about(verdict))
    yield ""
    for axis, status in verdict.axes.items():
        mark, mark_colour = _MARKS[status]
        yield f"  {axis:<13} {paint(mark, mark_colour)}"
    if not verdict.passed:
        yield from _troubles(verdict, paint)
    asserted = [check for check in verdict.checks if check.status is Status.ASSERTED]
    if asserted:
        yield ""
        yield from (f"  asserted  {check.id}: {printable(check.detail)}" for check in asserted)


def about(verdict: Verdict) -> Iterator[str]:
    """Tell in printable lines what a verdict is about, and by what it was judged; for people."""
    yield from (printable(line, limit=_MAX_LINE) for line in _about(verdict))


def _about(verdict: Verdict) -> Iterator[str]:
    if verdict.kind is not Kind.EVIDENCE_BUNDLE:
        yield from _signed(verdict.attestations)
    for subject in verdict.subjects[:_SHOWN]:
        algorithm, digest = subject.digest.items()[0]
        yield f"about       {printable(subject.name or '(no name)')}  {algorithm}:{digest}"
    if len(verdict.subjects) > _SHOWN:
        yield f"            and {len(verdict.subjects) - _SHOWN} more"
    if verdict.kind is Kind.EVIDENCE_BUNDLE and verdict.attestations:
        yield f"evidence    {', '.join(_pieces(verdict.attestations))}"
    if verdict.assurance is not None:
        yield f"assurance   {_known(verdict.assurance)} (files)"
    for runtime in verdict.runtimes:
        version = f" {runtime.version}" if runtime.version is not None else ""
        known = "no file" if runtime.assurance is None else f"{_known(runtime.assurance)} (files)"
        yield f"runtime     {runtime.name}{version}, sequence {runtime.sequence}: {known}"
    yield from _measured(verdict)
    told = [(_TOLD[check.id], check) for check in verdict.checks if check.id in _TOLD and check.status is Status.PASS]
    yield from (f"{name:<11} {check.detail}" for name, check in told)
    if verdict.counts is not None and verdict.kind is Kind.EVIDENCE_BUNDLE:
        yield from _counted(verdict.counts, verdict.path)
    yield from _judged(verdict)


def _judged(verdict: Verdict) -> Iterator[str]:
    if verdict.period is not None:
        yield f"period      {verdict.period[0]} to {verdict.period[1]}{_bounds(verdict)}"
    yield f"judged      at {verdict.at}, trust file sha256:{verdict.trust.sha256}"
    if verdict.policy is not None:
        # Its own import: without a policy nobody has exceptions.
        from attest.evidence.reports.unused import unused_exceptions

        yield f"policy      {_policy(verdict.policy)}"
        yield from (f"            {line}" for line in unused_exceptions([verdict]))


def _policy(policy: UsedPolicy) -> str:
    used = sum(bool(each.excused) for each in policy.exceptions)
    told = f", {used} of {len(policy.exceptions)} exceptions used" if policy.exceptions else ""
    return f"sha256:{policy.sha256}{told}"


def _measured(verdict: Verdict) -> Iterator[str]:
    if verdict.binding is not None:
        enforcement = verdict.enforcement or "unknown reference"
        yield f"measured    {verdict.binding}, measurer {verdict.isolation}, {enforcement}"
    if verdict.binding is Binding.REMOTE:
        yield "            no file and no process of the server was seen: who answered, and how it described its tools"


def _known(assurance: AssuranceShares) -> str:
    shares = [(name, getattr(assurance, name)) for name in assurance.__struct_fields__]
    return ", ".join(f"{share * _PERCENT:.0f} % {name}" for name, share in shares if share)


def _counted(counts: Counts, path: PathKind | None) -> Iterator[str]:
    several = f" of {counts.cycles} cycles" if counts.cycles not in {None, counts.measurements} else ""
    told = f"{_number(counts.measurements, 'measurement')}{several}, {_number(counts.violations, 'violation')}"
    yield f"receipts    {counts.entries} entries: {told}"
    if counts.calls is not None:
        yield f"calls       {_became(counts.calls)}"
        if counts.calls.opened:
            yield f"disclosed   {counts.calls.opened} of {counts.calls.commitments} arguments and answers"
    if path is not None:
        yield f"path        {path}: {_PATHS[path]}"


def _number(count: int, thing: str) -> str:
    return f"{count} {thing}{'' if count == 1 else 's'}"


def _became(calls: CallCounts) -> str:
    """Tell what became of calls, by rule."""
    permitted = _by_rule((each.rule, each.permitted) for each in calls.rules)
    denied = _by_rule((each.rule, each.denied) for each in calls.rules)
    drifted = f", {calls.drifted} callers left the baseline" if calls.drifted else ""
    let_pass = f", {calls.let_pass} of them let pass" if calls.let_pass else ""
    told = f"{calls.permitted} permitted{permitted}, {calls.denied} denied{denied}{let_pass}"
    return f"{told}, {calls.unanswered} unanswered{drifted}"


def _by_rule(counts: Iterable[tuple[str, int]]) -> str:
    """Tell by which rules, the most frequent first; no more than can be read."""
    told = sorted(((rule, count) for rule, count in counts if count), key=lambda each: (-each[1], each[0]))
    more = f", {len(told) - _SHOWN} more rules" if len(told) > _SHOWN else ""
    return f" ({', '.join(f'{rule} {count}' for rule, count in told[:_SHOWN])}{more})" if told else ""


def _bounds(verdict: Verdict) -> str:
    if verdict.start is None:
        return ""
    uncovered = f", {verdict.uncovered_seconds} s outside runs" if verdict.uncovered_seconds else ""
    return f" (start {verdict.start}, end {verdict.end}{uncovered})"


def _signed(attestations: Sequence[Attested]) -> Iterator[str]:
    for attested in attestations[:_SHOWN]:
        yield from _attested(attested, several=len(attestations) > 1)
    if len(attestations) > _SHOWN:
        yield f"            and {len(attestations) - _SHOWN} more"


def _pieces(attestations: Iterable[Attested]) -> Iterator[str]:
    """Tell in a few words what build evidence there is, the kinds by their number."""
    kinds = Counter(
        each.format if each.slsa_level is None else f"{each.format} at SLSA level {each.slsa_level}"
        for each in attestations
    )
    yield from (kind if count == 1 else f"{count} {kind}" for kind, count in kinds.items())


def _attested(attested: Attested, *, several: bool) -> Iterator[str]:
    """Tell what an attestation is, who signed it, for which source and up to which level."""
    place = f"  [{attested.where}]" if several else ""
    yield f"attested    {attested.predicate_type or 'a digest, and nothing about it'}{place}"
    if attested.identity is not None:
        yield f"signed by   {attested.identity}"
        yield f"            vouched for by {attested.issuer}"
    elif attested.signers:
        yield f"signed by   key {', '.join(each[:16] for each in attested.signers)}"
    if attested.builder not in {None, attested.identity}:
        yield f"builder     {attested.builder}"
    if attested.source is not None:
        yield f"source      {attested.source}"
    if attested.slsa_level is not None:
        yield f"level       SLSA Build level {attested.slsa_level}, as the trust file believes it"


def _troubles(verdict: Verdict, paint: Paint) -> Iterator[str]:
    # Its own import: what passed has none.
    from attest.evidence.reports.trouble import troubles_of

    troubles = troubles_of(verdict)
    for trouble in troubles.reached:
        yield from _trouble(trouble.check, trouble.remedy, paint)
    left = troubles.unreached
    if left:
        yield ""
        more = ", …" if len(left) > _SHOWN else ""
        yield f"  not reached, and so failed: {len(left)} checks ({', '.join(left[:_SHOWN])}{more})"


def _trouble(check: CheckResult, remedy: str, paint: Paint) -> Iterator[str]:
    yield ""
    mark, colour = _MARKS[check.status]
    where = f"  [{printable(check.where)}]" if check.where else ""
    yield f"  {paint(mark, colour)}  {paint(check.id, 'bold')}: {printable(check.detail)}{where}"
    if check.expected is not None:
        yield f"    expected  {printable(check.expected)}"
    if check.found is not None:
        yield f"    found     {printable(check.found)}"
    yield f"    to do     {remedy}"


TEXT: Final = Report(
    name="text", render=render_text, openings=("PASSED  ", "FAILED  "), render_colored=render_colored, streamed=True
)
