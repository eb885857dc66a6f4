"""Checks that the caller asked for and a kind of file cannot answer."""

from __future__ import annotations

from attest.evidence.verify.checks import CHECKS
from attest.evidence.verify.sheet import Sheet


def leave_unproven(sheet: Sheet, reason: str) -> None:
    """Say of every check that was laid out and that nothing was said about that it is unproven."""
    for check in CHECKS:
        if check in sheet and not sheet.reached(check):
            sheet.unproven(check, reason)
            sheet.settle(check)
