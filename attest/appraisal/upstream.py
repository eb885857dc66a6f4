"""Judge who answers at the address of a server that nobody can measure, and how it describes its tools."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterator, Sequence
from typing import Final

from attest.appraisal.state import make_finding
from attest.codec.printable import printable
from attest.statement.findings import Finding, FindingKind
from attest.statement.observation import ObservedUpstream
from attest.statement.tools.described import LISTS, Described
from attest.statement.tools.rules import ToolRules

Pairs = Sequence[tuple[str, str]]
"""(name, digest) each."""

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
    tools = [(each.name, each.sha256) for each in rules.definitions]
    return (*_changed("tool", tools, seen.definitions), *_described(rules.described, seen))


def _described(sealed: Described | None, seen: ObservedUpstream) -> Iterator[Finding]:
    """What else is pinned."""
    if sealed is None:
        return
    if sealed.instructions not in {None, seen.instructions}:
        found = seen.instructions or "no text"
        yield make_finding(FindingKind.DEFINITION, "instructions", expected=sealed.instructions, found=found)
    for method, (kind, _) in LISTS.items():
        items = sealed.of(method)
        if items is not None:
            now = [("", "") if each is None else each for each in seen.described.get(method, ())]
            yield from _changed(kind, [(each.name, each.sha256) for each in items], now)


def _changed(kind: str, then: Pairs, found: Pairs) -> Iterator[Finding]:
    sealed, now = Tally(then), Tally(found)
    for name in sorted({name for name, _ in (sealed - now) | (now - sealed)}):
        before = [digest for each, digest in sealed if each == name]
        after = sorted(digest for each, digest in now.elements() if each == name)
        yield make_finding(
            FindingKind.DEFINITION,
            f"{kind} {printable(name, limit=_MAX_NAME)}",
            expected=" ".join(before) or "none",
            found=" ".join(after[:_SHOWN]) or "none",
        )
