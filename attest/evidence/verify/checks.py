"""The checks: stable ids, what each means, and what to do when it fails. `docs/checks.md` is checked against this."""

from typing import Final

from attest.evidence.grammar import Tier
from attest.evidence.verdict import Axis, Kind
from attest.evidence.verify import checks_of_calls, checks_of_content, checks_of_origin, checks_of_policy
from attest.evidence.verify.check import Check
from attest.evidence.verify.question import Question

_ROWS: Final = (
    *checks_of_origin.ROWS,
    *checks_of_content.ROWS,
    *checks_of_calls.ROWS,
    checks_of_calls.DISCLOSED,
    *checks_of_policy.ROWS,
)
_AXES: Final = list(Axis)
_EXPLANATIONS: Final = "https://mcp-attest.github.io/checks/"
"""Where `docs/checks.md` is published."""

CHECKS: Final[dict[str, Check]] = {row.id: row for row in sorted(_ROWS, key=lambda row: _AXES.index(row.axis))}
"""In the order in which a verdict tells them."""


def applicable(kind: Kind, tier: Tier | None, question: Question) -> tuple[Check, ...]:
    """Return the checks that apply to a file of this kind (and tier), for this question."""
    return tuple(
        row
        for row in CHECKS.values()
        if kind in row.kinds and (tier is None or tier in row.tiers) and row.asked(question, kind)
    )


def explanation_of(check: str) -> str:
    """Return the address at which a check is explained, by its id."""
    return f"{_EXPLANATIONS}#{check}"
