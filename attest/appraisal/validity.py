"""Whether a RuntimeReference may be used at a time; who signed or revoked it is judged elsewhere."""

from __future__ import annotations

from typing import Final

from attest.appraisal.state import make_finding
from attest.codec import instant
from attest.statement.findings import Finding, FindingKind
from attest.statement.predicates.runtime_reference import RuntimeReference

WHERE: Final = "reference"
_SECOND: Final = 1000
"""In milliseconds."""


def judge_validity(reference: RuntimeReference, at: int, *, first_used_at: int | None = None) -> tuple[Finding, ...]:
    """Return why the reference may not be used at `at` (milliseconds since 1970); nothing if it may.

    Its time-to-live runs from `first_used_at`, for ever; None: this is its first use. Both ends of
    its validity belong to it.
    """
    validity = reference.validity
    if at < instant.parse(validity.not_before, where="notBefore"):
        return (_finding(FindingKind.NOT_YET_VALID, f"at or after {validity.not_before}", at),)
    if validity.not_after is not None and at > instant.parse(validity.not_after, where="notAfter"):
        return (_finding(FindingKind.EXPIRED, f"at or before {validity.not_after}", at),)
    if validity.ttl_seconds is None or first_used_at is None:
        return ()
    if at > first_used_at + validity.ttl_seconds * _SECOND:
        expected = f"within {validity.ttl_seconds} s after {instant.text(first_used_at)}"
        return (_finding(FindingKind.EXPIRED, expected, at),)
    return ()


def _finding(kind: FindingKind, expected: str, at: int) -> Finding:
    return make_finding(kind, WHERE, expected=expected, found=instant.text(at))
