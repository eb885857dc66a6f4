"""The verdicts as JUnit XML, for whatever shows tests: a suite is a file, a case is a check.

There is no one schema. This has what the strictest of those in use demand (Ant's) and nothing that another forbids.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from attest.codec.printable import printable
from attest.evidence.reports.report import Report
from attest.evidence.reports.text import about
from attest.evidence.reports.trouble import remedy_of
from attest.evidence.verdict import CheckResult, Status, Verdict
from attest.evidence.verify.checks import explanation_of

_OPENING: Final = ('<?xml version="1.0" encoding="UTF-8"?>', "<testsuites>")
_FAILING: Final = frozenset({Status.FAIL, Status.UNPROVEN})
_SECONDS: Final = len("2026-11-22T12:00:00")
"""The schemas know neither fractions nor zones; it is UTC."""


def render_junit(verdicts: Sequence[Verdict]) -> str:
    """Return one document with a suite for each verdict."""
    lines = list(_OPENING)
    for number, verdict in enumerate(verdicts):
        lines.extend(_suite(verdict, number))
    return "".join(f"{line}\n" for line in [*lines, "</testsuites>"])


def _suite(verdict: Verdict, number: int) -> Iterator[str]:
    file = printable(verdict.file)
    yield "<testsuite" + _attributes(
        id=number,
        package="attest",
        name=file,
        hostname="localhost",
        timestamp=verdict.at[:_SECONDS],
        tests=len(verdict.checks),
        failures=sum(check.status in _FAILING for check in verdict.checks),
        errors=0,
        skipped=0,
        time=0,
    )
    yield "<properties>"
    properties = {"verdict": verdict.verdict, "kind": verdict.kind, "trust.sha256": verdict.trust.sha256}
    for name, value in properties.items():
        yield f"<property{_attributes(name=name, value=value)[:-1]}/>"
    yield "</properties>"
    for check in verdict.checks:
        yield from _case(check, file)
    asserted = [check for check in verdict.checks if check.status is Status.ASSERTED]
    told = [*about(verdict), *(f"asserted  {check.id}: {check.detail}" for check in asserted)]
    yield f"<system-out>{_lines(told)}</system-out>"
    yield "<system-err></system-err>"
    yield "</testsuite>"


def _case(check: CheckResult, file: str) -> Iterator[str]:
    attributes = _attributes(classname=file, name=check.id, time=0)
    if check.status not in _FAILING:
        yield f"<testcase{attributes[:-1]}/>"
        return
    facts = (("where", check.where), ("expected", check.expected), ("found", check.found))
    told = [f"{name}: {value}" for name, value in facts if value is not None]
    told += [f"to do: {remedy_of(check)}", explanation_of(check.id)]
    yield f"<testcase{attributes}"
    yield f"<failure{_attributes(message=check.detail, type=check.status)}{_lines(told)}</failure>"
    yield "</testcase>"


def _attributes(**values: object) -> str:
    """Return attributes and the end of a start tag."""
    return "".join(f' {name}="{_escaped(str(value))}"' for name, value in values.items()) + ">"


def _lines(lines: Iterable[str]) -> str:
    return "\n".join(map(_escaped, lines))


def _escaped(text: str) -> str:
    """Return any text as XML 1.0 takes it (2.2, 2.4): without a character that it forbids, and without markup."""
    shown = printable(text) if text else ""
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        shown = shown.replace(character, entity)
    return shown


JUNIT: Final = Report(
    name="junit", render=render_junit, openings=("".join(f"{line}\n" for line in _OPENING),), located=True
)
