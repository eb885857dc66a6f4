"""Judge who answers at the address of a server that nobody can measure, and how it describes its tools."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterator
from typing import Final

from attest.appraisal.state import make_finding
from attest.codec.printable import printable
from attest.statement.findings import Finding, FindingKind
from attest.statement.observation import ObservedUpstream
from attest.statement.tools.rules import ToolRules

UPSTREAM: Final = "upstream"
"""Where findings about who answers are."""
_MAX_NAME: Final = 80
"""Of a tool; it is the server's."""
_SHOWN: Final = 2
"""Of definitions that bear one name."""


def judge_upstream(rules: ToolRules, seen: ObservedUpstream) -> tuple[Finding, ...]:
    """Return what is not as sealed: another peer, tools that are described otherwise, or that nobody could see it.

    A peer that is not the sealed one was told nothing, so that nothing more is known of it.
    """
    trouble = seen.trouble
    if trouble is not None:
        return (make_finding(trouble.kind, UPSTREAM, expected=trouble.expected, found=trouble.detail),)
    if seen.definitions is None:
        return (make_finding(FindingKind.UNREACHABLE, UPSTREAM, expected="its tools", found="none told"),)
    return tuple(_changed(rules, seen.definitions))


def _changed(rules: ToolRules, found: tuple[tuple[str, str], ...]) -> Iterator[Finding]:
    sealed, now = Tally((each.name, each.sha256) for each in rules.definitions), Tally(found)
    for name in sorted({name for name, _ in (sealed - now) | (now - sealed)}):
        before = [digest for each, digest in sealed if each == name]
        after = sorted(digest for each, digest in now.elements() if each == name)
        yield make_finding(
            FindingKind.DEFINITION,
            f"tool {printable(name, limit=_MAX_NAME)}",
            expected=" ".join(before) or "none",
            found=" ".join(after[:_SHOWN]) or "none",
        )
