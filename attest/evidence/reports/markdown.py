"""The verdicts in Markdown, for the summary of a job or a comment: what failed and what to do, read in ten seconds.

Whatever comes from evidence stands in code spans and fenced blocks, longer fenced than anything in them: no markup, no
mention, no reference and no link can come out of there. The rest is our own words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from attest.codec.printable import printable
from attest.evidence.grammar import Tier
from attest.evidence.reports.report import Report
from attest.evidence.reports.text import about
from attest.evidence.reports.trouble import Trouble, troubles_of
from attest.evidence.reports.unused import unused_exceptions
from attest.evidence.verdict import Status, Verdict

MAX_BYTES: Final = 60_000
"""GitHub takes no comment over 65,536 characters."""

_MARKS: Final = {
    Status.PASS: "✅ pass",
    Status.ASSERTED: "☑️ asserted",
    Status.UNPROVEN: "❌ unproven",
    Status.FAIL: "❌ fail",
    Status.NOT_APPLICABLE: "not applicable",
}
_MAX_LINE: Final = 400
_SHOWN: Final = 10
"""So many failed checks of a file are told, the rest is counted."""
_LEFT_OUT: Final = "*The rest was left out, for want of room: another format has it all.*\n"


def render_markdown(verdicts: Sequence[Verdict]) -> str:
    """Return one document for all verdicts, the failed ones first, short enough for a comment."""
    return write_markdown(verdicts, MAX_BYTES)


def write_markdown(verdicts: Sequence[Verdict], max_bytes: int) -> str:
    """Return as many whole blocks as fit into `max_bytes`, and say if there were more; empty if not even that fits."""
    text = ""
    room = max_bytes - len(_LEFT_OUT)
    for block in _blocks(sorted(verdicts, key=lambda verdict: verdict.passed)):
        room -= len(block.encode()) + 1
        if room < 0:
            return text + _LEFT_OUT if max_bytes > len(_LEFT_OUT) else ""
        text += f"{block}\n"
    return text


def _blocks(verdicts: Sequence[Verdict]) -> Iterator[str]:
    failed = sum(not verdict.passed for verdict in verdicts)
    if len(verdicts) > 1:
        told = f"{failed} of {len(verdicts)} files did not pass" if failed else f"all {len(verdicts)} files"
        yield f"## {_word(passed=not failed)}: {told}\n"
    level = "##" if len(verdicts) == 1 else "###"
    for verdict in verdicts:
        yield from _file(verdict, level)
    unused = unused_exceptions(verdicts)
    if unused:
        yield f"**Of the gate policy, to be taken out:**\n\n{_block(unused)}"


def _file(verdict: Verdict, level: str) -> Iterator[str]:
    only = "**Structural only**: nobody looked at any content.\n\n" if verdict.tier == Tier.STRUCTURAL else ""
    yield f"{level} {_word(passed=verdict.passed)}: {_code(verdict.file)}\n\n{only}{_axes(verdict)}"
    troubles = troubles_of(verdict)
    for trouble in troubles.reached[:_SHOWN]:
        yield _trouble(trouble)
    counted = len(troubles.reached) - _SHOWN, len(troubles.unreached)
    for count, what in zip(counted, ("failed", "were not reached, and so failed"), strict=True):
        if count > 0:
            yield f"{count} more checks {what}.\n"
    yield f"<details><summary>What was judged</summary>\n\n{_block(about(verdict))}\n</details>\n"


def _axes(verdict: Verdict) -> str:
    axes = verdict.axes.items()
    rows = ([str(axis) for axis, _ in axes], ["---"] * len(axes), [_MARKS[status] for _, status in axes])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _trouble(trouble: Trouble) -> str:
    check = f"**[{trouble.check.id}]({trouble.explanation})**"
    return f"{check}: {trouble.meaning}\n\n{_block(trouble.facts())}\n**What to do:** {trouble.remedy}\n"


def _word(*, passed: bool) -> str:
    return "✅ PASSED" if passed else "❌ FAILED"


def _code(text: str) -> str:
    """Return any text as a code span (CommonMark 6.1)."""
    shown = printable(text, limit=_MAX_LINE)
    fence = "`" * (_longest_run(shown) + 1)
    return f"{fence} {shown} {fence}" if "`" in shown or shown.startswith(" ") else f"{fence}{shown}{fence}"


def _block(lines: Iterable[str]) -> str:
    """Return any lines as a fenced block (CommonMark 4.5)."""
    shown = "\n".join(printable(line, limit=_MAX_LINE) for line in lines)
    fence = "`" * max(3, _longest_run(shown) + 1)
    return f"{fence}text\n{shown}\n{fence}\n"


def _longest_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)


MARKDOWN: Final = Report(
    name="markdown",
    render=render_markdown,
    openings=tuple(f"## {_word(passed=passed)}: " for passed in (True, False)),
    located=True,
)
