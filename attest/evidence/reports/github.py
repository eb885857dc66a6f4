"""The verdicts as workflow commands of GitHub Actions: an annotation for each check that did not pass.

And a notice for each exception of the policy that excused nothing.

What is quoted can neither end its command nor begin another one: line ends, percent signs and, in properties, the
separators are escaped as the runner undoes it; lines that are no command hold nothing that it takes for one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from attest.codec.printable import printable
from attest.evidence.grammar import Tier
from attest.evidence.reports.headline import headline
from attest.evidence.reports.markdown import write_markdown
from attest.evidence.reports.report import Report
from attest.evidence.reports.trouble import Trouble, troubles_of
from attest.evidence.reports.unused import unused_exceptions
from attest.evidence.verdict import Verdict

MAX_ANNOTATIONS: Final = 10
"""The runner shows so many of a kind for a step, and drops the others without a word."""

_OPENINGS: Final = (*(f"::{kind} " for kind in ("error", "warning", "notice")), "PASSED  ", "FAILED  ")


def render_github(verdicts: Sequence[Verdict]) -> str:
    """Return the annotations, then a line for each file, for the log."""
    errors = [_annotated("error", verdict.file, each) for verdict in verdicts for each in troubles_of(verdict).reached]
    warnings = [_structural(verdict) for verdict in verdicts if verdict.tier == Tier.STRUCTURAL]
    notices = [_command("notice", "-", None, "attest verify: policy", line) for line in unused_exceptions(verdicts)]
    kinds = {"error": errors, "warning": warnings, "notice": notices}
    commands = [line for kind, each in kinds.items() for line in _within_limit(kind, each)]
    return "".join(f"{line}\n" for line in [*commands, *map(headline, verdicts)])


def _annotated(kind: str, file: str, trouble: Trouble) -> str:
    message = "\n".join([*trouble.lines(), trouble.explanation])
    return _command(kind, file, trouble.line, f"attest verify: {trouble.check.id}", message)


def _structural(verdict: Verdict) -> str:
    return _command("warning", verdict.file, None, "attest verify: structural only", "Nobody looked at any content.")


def _command(kind: str, file: str, line: int | None, title: str, message: str) -> str:
    properties = {"file": None if file == "-" else file, "line": line, "title": title}
    given = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items() if value is not None)
    return f"::{kind} {given}::{_escaped(message)}"


def _within_limit(kind: str, commands: Sequence[str]) -> Iterator[str]:
    """Return as many as are shown; the last one says how many are not."""
    if len(commands) <= MAX_ANNOTATIONS:
        yield from commands
        return
    yield from commands[: MAX_ANNOTATIONS - 1]
    more = len(commands) - MAX_ANNOTATIONS + 1
    yield f"::{kind} title=attest verify::{more} more, see the summary of the job and the saved reports."


def _escaped(message: str) -> str:
    """Escape a message as the runner undoes it (its `escapeData`)."""
    shown = "\n".join(map(printable, message.split("\n")))
    return shown.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: str) -> str:
    """Escape the value of a property (its `escapeProperty`)."""
    return _escaped(printable(value)).replace(":", "%3A").replace(",", "%2C")


GITHUB: Final = Report(name="github", render=render_github, openings=_OPENINGS, located=True, summarize=write_markdown)
