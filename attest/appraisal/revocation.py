"""Whether a reference was revoked, and whether anybody could know."""

from __future__ import annotations

from typing import Final

from attest.appraisal.state import make_finding
from attest.codec import instant
from attest.statement.findings import Finding, FindingKind
from attest.trust.revocations import Void, is_void

WHERE: Final = "reference"
_SECOND: Final = 1000
"""In milliseconds."""


def judge_revoked(void: Void | None, at: int) -> tuple[Finding, ...]:
    """Return that a reference is void at `at` (milliseconds since 1970), itself or for a key that signed it."""
    if void is None or not is_void(void, at):
        return ()
    revocation = void.revocation
    expected = f"one that is not revoked; this {revocation.kind} is void from {revocation.void_from} on"
    return (make_finding(FindingKind.REVOKED, WHERE, expected=expected, found=revocation.reason),)


def judge_known(known_at: int | None, at: int, *, max_age_seconds: int | None) -> tuple[Finding, ...]:
    """Return that what is known of revocations is too old: as of `known_at`, None if nobody says as of when."""
    if max_age_seconds is None or (known_at is not None and at - known_at <= max_age_seconds * _SECOND):
        return ()
    expected = f"a list of revocations, at most {max_age_seconds} s old"
    found = "none" if known_at is None else f"one as of {instant.text(known_at)}"
    return (make_finding(FindingKind.REVOCATIONS_STALE, WHERE, expected=expected, found=found),)
