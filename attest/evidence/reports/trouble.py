"""What kept a verdict from passing, as every report tells it: the check, where, and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import msgspec

from attest.codec.printable import printable
from attest.evidence.verdict import CheckResult, Status, Verdict
from attest.evidence.verify.checks import CHECKS, explanation_of
from attest.evidence.verify.sheet import NOT_REACHED, STRUCTURAL_ONLY

_LINE: Final = re.compile(r"line ([1-9][0-9]{0,8})\b")
_UNJUDGED: Final = {
    NOT_REACHED: "See what failed before it.",
    STRUCTURAL_ONLY: "Export with the receipts: `attest bundle`; or demand nothing that only they can show.",
}
_FAILING: Final = frozenset({Status.FAIL, Status.UNPROVEN})


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """A check that failed or stayed unproven, with what is known about the check itself."""

    check: CheckResult
    meaning: str
    remedy: str
    explanation: str
    """An address."""
    line: int | None
    """Of the file, from 1; None where `where` names none."""

    def facts(self) -> Iterator[str]:
        """Tell in lines what was found wrong, where, and what was expected."""
        check = self.check
        yield printable(check.detail)
        for name, value in (("where", check.where), ("expected", check.expected), ("found", check.found)):
            if value is not None:
                yield f"{name}: {printable(value)}"

    def lines(self) -> Iterator[str]:
        """Tell the facts in lines, and what to do."""
        yield from self.facts()
        yield f"to do: {self.remedy}"


class Troubles(msgspec.Struct, frozen=True, kw_only=True):
    """All that kept a verdict from passing; what was not reached because of it stands apart."""

    reached: tuple[Trouble, ...]
    unreached: tuple[str, ...]
    """Ids of checks."""


def troubles_of(verdict: Verdict) -> Troubles:
    """Sort what kept a verdict from passing: first what was found in a line of the file; the rest often follows.

    Where nothing was reached at all, that is the trouble.
    """
    bad = [check for check in verdict.checks if check.status in _FAILING]
    reached = [check for check in bad if check.detail != NOT_REACHED] or bad
    unreached = tuple(check.id for check in bad if check not in reached)
    reached.sort(key=lambda check: check.where is None)
    return Troubles(reached=tuple(map(_trouble, reached)), unreached=unreached)


def remedy_of(check: CheckResult) -> str:
    """Return what to do about a check that failed or stayed unproven.

    That of its row is about what the check itself found: of one that nobody could judge it would accuse somebody of
    what nobody saw.
    """
    return _UNJUDGED.get(check.detail) or CHECKS[check.id].remedy


def _trouble(check: CheckResult) -> Trouble:
    row = CHECKS[check.id]
    match = _LINE.match(check.where or "")
    return Trouble(
        check=check,
        meaning=row.meaning,
        remedy=remedy_of(check),
        explanation=explanation_of(check.id),
        line=None if match is None else int(match[1]),
    )
