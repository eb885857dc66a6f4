"""Reliance and gate: what every permit stands on, receipt by receipt.

1. It names a measurement. In audit-only mode it need not.
2. That is a MATCH of the same reference in this log, or in another log of the bundle (`across`), and was the newest one
   when the permit was decided, and had not ceased to hold.
3. It has the receipt that the permit says, and shows the process to which the call was forwarded.
4. Its age is what the permit says, save the time that a decision may wait to be written.
5. That age is within the sealed maximum age.
6. The decision lies within the validity, the time to live and before any revocation of the reference.
7. No safe state was reached before it.
"""

from __future__ import annotations

from typing import Final, final

from attest.codec import instant
from attest.evidence.verdict import Status
from attest.evidence.verify.calls.across import Across
from attest.evidence.verify.calls.grounds import Grounds
from attest.evidence.verify.calls.match import ROUNDING_MILLISECONDS, Match, decided, judge_match
from attest.evidence.verify.checks_of_calls import GATE, RELIED
from attest.evidence.verify.lifetime import NEVER
from attest.evidence.verify.pace import Pace
from attest.evidence.verify.sheet import Sheet
from attest.evidence.verify.told import Told
from attest.statement.tools.calls import Permit, Relied

_SECOND: Final = 1000


@final
class Reliance:
    """What the permits of one reference in one log stand on."""

    def __init__(self, origin: str, began_at: int, pace: Pace, sheet: Sheet, across: Across) -> None:
        """Begin with nothing measured, before entry `began_at` of the log `origin`."""
        self._origin = origin
        self._began_at = began_at
        self._pace = pace
        self._sheet = sheet
        self._across = across
        self._audit_only = pace.sealed.reference.enforcement.audit_only
        self._max_age = pace.sealed.reference.measurement.max_age_seconds * _SECOND
        self.grounds = Grounds(self._max_age)

    def judge(self, told: Told, permit: Permit) -> int | None:
        """Judge a permit; return when it was decided, on the clock of its boot, if that can be known here."""
        match = None
        if permit.relied is not None:
            self._judge_age(told, permit.relied)
            match = self._judge_relied(told, permit.relied, permit.upstream)
        elif not self._audit_only:
            self._fail("a permit that relied on no measurement", told, "a MATCH", "none")
        at = None if match is None or permit.relied is None else decided(match, told, permit.relied)
        self._judge_gate(told, told.boot_time if at is None else at)
        return at

    def _judge_relied(self, told: Told, relied: Relied, upstream: str) -> Match | None:
        """Steps 2 to 4."""
        if relied.log_origin != self._origin:
            self._across.claim(told, relied, upstream, self._pace.sealed)
            return None
        match = self.grounds.find(told, relied)
        if match is not None:
            judge_match(match, told, relied, upstream, self._sheet)
        elif relied.sequence < self._began_at:
            self._sheet.note(
                RELIED,
                Status.ASSERTED,
                "what the first permits relied on lies before this part of the log",
                where=told.where,
                found=f"entry {relied.sequence}",
            )
        else:
            expected = f"the newest MATCH, if it holds ({self.grounds.ceased})"
            self._fail("a permit that relied on no MATCH", told, expected, f"entry {relied.sequence}")
        return match

    def _judge_gate(self, told: Told, at: int) -> None:
        """Steps 6 and 7."""
        sealed, latest, safe = self._pace.sealed, self._pace.latest, self.grounds.safe
        real = told.time - (told.boot_time - at)
        if not sealed.not_before <= real <= latest:
            end = "any time" if latest == NEVER else instant.text(latest)
            self._sheet.fail(
                GATE,
                "a call was permitted when the reference was not valid, or its time to live was over",
                where=told.where,
                expected=f"{instant.text(sealed.not_before)} to {end}",
                found=told.real_time,
            )
        if safe is not None and at > safe[1] + ROUNDING_MILLISECONDS and not self._audit_only:
            self._sheet.fail(
                GATE,
                "a call was permitted in the safe state",
                where=told.where,
                expected=f"none after {safe[0]}",
                found="a permit",
            )

    def _judge_age(self, told: Told, relied: Relied) -> None:
        """Step 5."""
        if relied.age_milliseconds > self._max_age:
            self._fail(
                "a permit that relied on a measurement older than the sealed maximum age",
                told,
                f"at most {self._max_age} ms",
                f"{relied.age_milliseconds} ms",
            )

    def _fail(self, detail: str, told: Told, expected: object, found: object) -> None:
        self._sheet.fail(RELIED, detail, where=told.where, expected=expected, found=found)
