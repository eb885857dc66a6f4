"""The verdicts as one SARIF 2.1.0 log, for code scanning: a rule is a check, a result is one that did not pass.

A verdict that passed has no result, which closes the alerts of one that failed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import quote

import msgspec

from attest.codec.printable import printable
from attest.evidence.reports.report import Report
from attest.evidence.reports.sarif_log import (
    SARIF_SCHEMA,
    ArtifactLocation,
    Configuration,
    Driver,
    Invocation,
    Location,
    Log,
    Message,
    Notification,
    PhysicalLocation,
    Region,
    Result,
    Rule,
    RuleProperties,
    RuleReference,
    Run,
    RunProperties,
    Tool,
)
from attest.evidence.reports.trouble import Trouble, troubles_of
from attest.evidence.reports.unused import unused_exceptions
from attest.evidence.verdict import Axis, Verdict
from attest.evidence.verify.check import Check
from attest.evidence.verify.checks import CHECKS, explanation_of
from attest.evidence.verify.checks_of_policy import EXCEPTIONS
from attest.version import VERSION

MAX_RESULTS: Final = 25_000
"""GitHub refuses a run with more."""
MAX_RESULT_BYTES: Final = 9_000_000
"""GitHub refuses a file over 10 MB, packed with gzip; no text grows by that."""

_HOME: Final = "https://github.com/mcp-attest/mcp-attest"
_ROOT: Final = "%SRCROOT%"
_ERROR: Final = "error"
_SEVERITIES: Final = {Axis.INTEGRITY: "9.0", Axis.AUTHENTICITY: "9.0", Axis.BUILD_LINK: "8.0", Axis.CONFORMANCE: "8.0"}
_SEVERITY: Final = "6.0"
"""Of the other axes. From 9 on GitHub says critical, from 7 on high, from 4 on medium."""


def render_sarif(verdicts: Sequence[Verdict]) -> str:
    """Return one log with one run for all verdicts, ending in a line feed."""
    results, left_out = _within_limits(_results(verdicts))
    notes = (*_left_out(left_out), *_unused(verdicts))
    passed = sum(verdict.passed for verdict in verdicts)
    run = Run(
        tool=Tool(
            driver=Driver(
                name="mcp-attest", version=VERSION, information_uri=_HOME, rules=tuple(map(_rule, CHECKS.values()))
            )
        ),
        invocations=(Invocation(execution_successful=True, tool_execution_notifications=notes),),
        results=results,
        column_kind="unicodeCodePoints",
        properties=RunProperties(
            verdict="PASSED" if passed == len(verdicts) else "FAILED", files=len(verdicts), passed=passed
        ),
    )
    return msgspec.json.encode(Log(schema=SARIF_SCHEMA, version="2.1.0", runs=(run,))).decode() + "\n"


def _rule(check: Check) -> Rule:
    help_uri = explanation_of(check.id)
    return Rule(
        id=check.id,
        name="".join(word.capitalize() for word in check.id.replace(".", "-").split("-")),
        short_description=_message(check.meaning),
        full_description=_message(check.meaning),
        help=Message(
            text=_plain(f"{check.meaning} What to do when it fails: {check.remedy} {help_uri}"),
            markdown=f"{check.meaning}\n\n**What to do when it fails:** {check.remedy}\n\n[{check.id}]({help_uri})",
        ),
        help_uri=help_uri,
        default_configuration=Configuration(level=_ERROR),
        properties=RuleProperties(
            tags=("security", "supply-chain", check.axis),
            precision="very-high",
            security_severity=_SEVERITIES.get(check.axis, _SEVERITY),
        ),
    )


def _results(verdicts: Sequence[Verdict]) -> Iterator[Result]:
    indices = {name: index for index, name in enumerate(CHECKS)}
    for verdict in verdicts:
        troubles = troubles_of(verdict)
        more = len(troubles.unreached)
        tail = f"\n{more} more checks were not reached, and so failed." if more else ""
        for trouble in troubles.reached:
            yield _result(verdict.file, trouble, indices[trouble.check.id], tail)


def _result(file: str, trouble: Trouble, index: int, tail: str) -> Result:
    return Result(
        rule_id=trouble.check.id,
        rule_index=index,
        level=_ERROR,
        message=_message("\n".join(trouble.lines()) + tail),
        locations=(_location(file, trouble.line),),
        partial_fingerprints=_fingerprints(file, trouble.check.id),
    )


def _location(file: str, line: int | None) -> Location:
    # GitHub shows no result without a line: what is about a file as a whole stands at its beginning.
    place = PhysicalLocation(artifact_location=_artifact(file), region=Region(start_line=line or 1))
    return Location(physical_location=place)


def _artifact(file: str) -> ArtifactLocation:
    if file.startswith("/"):
        return ArtifactLocation(uri=f"file://{quote(file)}")
    # Quoted with its colons, a name cannot be taken for an address.
    return ArtifactLocation(uri=quote(file), uri_base_id=_ROOT)


def _fingerprints(file: str, check: str) -> dict[str, str]:
    """Return what makes it the same finding the next time: evidence is made anew for each run, lines and all."""
    digest = hashlib.sha256(f"{check}\0{file}".encode()).hexdigest()
    # The only name that GitHub reads; without one it would hash the line.
    return {"primaryLocationLineHash": f"{digest[:16]}:1", "attestCheck/v1": digest}


def _within_limits(results: Iterator[Result]) -> tuple[list[Result], int]:
    """Return as many results as a log may hold, and how many were left out."""
    kept: list[Result] = []
    left_out = size = 0
    for result in results:
        size += len(msgspec.json.encode(result))
        if len(kept) == MAX_RESULTS or size > MAX_RESULT_BYTES:
            left_out += 1
        else:
            kept.append(result)
    return kept, left_out


def _left_out(count: int) -> Iterator[Notification]:
    if count:
        text = f"{count} more results were left out: the log would be larger than code scanning takes."
        yield Notification(level="warning", message=_message(text))


def _unused(verdicts: Sequence[Verdict]) -> Iterator[Notification]:
    """Tell of exceptions that excused nothing: no result, which would be an alert although the verdict passed."""
    rule = RuleReference(id=EXCEPTIONS, index=list(CHECKS).index(EXCEPTIONS))
    for line in unused_exceptions(verdicts):
        yield Notification(
            level="note", message=_message(line), associated_rule=rule, locations=(_location(verdicts[0].file, None),)
        )


def _message(text: str) -> Message:
    return Message(text=_plain(text))


def _plain(text: str) -> str:
    """Return a text as a message spells it: no placeholder (3.11.5) and no embedded link (3.11.6) in what is quoted."""
    lines = "\n".join(map(printable, text.split("\n")))
    return lines.replace("{", "{{").replace("}", "}}").replace("](", "] (")


SARIF: Final = Report(name="sarif", render=render_sarif, openings=('{"$schema":"' + SARIF_SCHEMA,), located=True)
