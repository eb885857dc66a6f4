"""Gate policies as tests write them, and stories held to them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from attest.evidence.policy.document import POLICY_SCHEMA
from attest.evidence.policy.judge import judge_policy
from attest.evidence.policy.reading import Policy, read_policy
from attest.evidence.verdict import CheckResult, Verdict
from attest.evidence.verify.file import judge_file
from attest.evidence.verify.gathered import Judged
from tests.evidence_story import ask
from tests.world import NOW

TODAY: Final = "2026-11-22"
"""The day of `NOW`."""
TOMORROW: Final = "2026-11-23"
YESTERDAY: Final = "2026-11-21"


def policy_of(text: str) -> Policy:
    """Read a policy, of which `text` is all but its schema."""
    return read_policy(f'schema = "{POLICY_SCHEMA}"\n{text}'.encode(), where="attest-policy.toml")


def judged(lines: Iterable[bytes], **changes: Any) -> Judged:
    """Verify lines without a policy; `changes` are those of the question."""
    return judge_file(lines, ask(**changes), file="e.jsonl")


def held(text: str, *files: Iterable[bytes] | Judged, at: int = NOW, **changes: Any) -> tuple[Verdict, ...]:
    """Verify files, and hold them to a policy."""
    seen = [each if isinstance(each, Judged) else judged(each, at=at, **changes) for each in files]
    return judge_policy(policy_of(text), seen, at)


def check_of(verdict: Verdict, check: str) -> CheckResult:
    """Return what became of one check, which has to be there."""
    [found] = [each for each in verdict.checks if each.id == check]
    return found


def exception(*checks: str, expires: str = TOMORROW, more: str = "") -> str:
    """Return the text of an exception."""
    ids = ", ".join(f'"{check}"' for check in checks)
    return f'[[exceptions]]\nchecks = [{ids}]\nreason = "until it is mended"\nexpires = {expires}\n{more}\n'


def policy_checks(verdict: Verdict) -> Sequence[str]:
    """Return the ids of the checks of axis `policy`."""
    return [check.id for check in verdict.checks if check.axis == "policy"]
