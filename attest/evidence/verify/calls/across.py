"""Permits that relied on a measurement in another log of the bundle: the portal's log on that of an agent.

Logs stand one after the other, so that what a permit names may come before it or after it. What permits claim of one
measurement is kept together, and held against it at the end.

1. The other log is here, and the measurement that is named in it is a MATCH of the same reference.
2. It has the receipt that the permits say, shows the process they name, and is of the age they say.
3. No permit came later than a cycle after it ceased to hold: so long may whoever reads the other log take to see it.
"""

from __future__ import annotations

import bisect
from typing import Final, NamedTuple, final

import msgspec

from attest.evidence.verdict import Status
from attest.evidence.verify.calls.match import Match, judge_match
from attest.evidence.verify.checks_of_calls import RELIED
from attest.evidence.verify.references import Sealed
from attest.evidence.verify.sheet import Sheet
from attest.evidence.verify.told import Told
from attest.statement.tools.calls import Relied

MAX_KEPT: Final = 1_000_000
"""Matches of all logs together; eleven days of one a second. What is beyond cannot be relied on from another log."""

_SECOND: Final = 1000


class _Said(NamedTuple):
    """A permit, and what it says of a measurement."""

    told: Told
    relied: Relied

    @property
    def begun(self) -> int:
        """When the measurement began by its word, on the clock of the boot."""
        return self.told.boot_time - self.relied.age_milliseconds


class _Claim(msgspec.Struct, kw_only=True):
    """What permits of one boot say of one measurement: that it began at the earliest, at the latest, and the last."""

    sealed: Sealed
    upstream: str
    earliest: _Said
    latest: _Said
    last: _Said


@final
class Across:
    """The measurements of all logs of one bundle, and the permits that relied on one of another log."""

    def __init__(self, sheet: Sheet, *, several: bool) -> None:
        """Begin with none; nothing is kept unless there are `several` logs."""
        self._sheet = sheet
        self._several = several
        self._kept = 0
        self._began_at: dict[str, int] = {}
        self._matches: dict[tuple[str, str], dict[int, Match]] = {}
        self._ceased: dict[tuple[str, str], list[tuple[int, int]]] = {}
        """When matches of a log ceased to hold: (sequence, time)."""
        self._claims: dict[tuple[str, str, int, str, str, str], _Claim] = {}

    def enter(self, origin: str, began_at: int) -> None:
        """Begin a log, or a part of one from entry `began_at` on."""
        self._began_at[origin] = began_at

    def offer(self, origin: str, reference: str, sequence: int, match: Match) -> None:
        """Take a match that permits of another log may rely on."""
        if self._several and self._kept < MAX_KEPT:
            self._kept += 1
            self._matches.setdefault((origin, reference), {})[sequence] = match

    def cease(self, origin: str, reference: str, told: Told) -> None:
        """Say that matches of a log ceased to hold for a reference."""
        if self._several and self._kept < MAX_KEPT:
            self._kept += 1
            self._ceased.setdefault((origin, reference), []).append((told.sequence, told.time))

    def claim(self, told: Told, relied: Relied, upstream: str, sealed: Sealed) -> None:
        """Take a permit that relied on a measurement of another log."""
        said = _Said(told, relied)
        key = (relied.log_origin, sealed.digest, relied.sequence, relied.receipt, upstream, told.lasting.boot_id)
        known = self._claims.get(key)
        if known is not None:
            known.earliest = min(known.earliest, said, key=_begun)
            known.latest = max(known.latest, said, key=_begun)
            known.last = said
        elif len(self._claims) < MAX_KEPT:
            self._claims[key] = _Claim(sealed=sealed, upstream=upstream, earliest=said, latest=said, last=said)
        else:
            self._fail("a permit that relied on one more measurement of other logs than are kept", said, MAX_KEPT)

    def close(self) -> None:
        """Judge all claims, once every log was read."""
        for claim in self._claims.values():
            self._judge(claim)

    def _judge(self, claim: _Claim) -> None:
        relied = claim.last.relied
        began_at = self._began_at.get(relied.log_origin)
        match = self._matches.get((relied.log_origin, claim.sealed.digest), {}).get(relied.sequence)
        if began_at is None:
            self._fail("a permit that relied on a log that is not here", claim.last, ", ".join(sorted(self._began_at)))
        elif match is not None:
            for said in (claim.earliest, claim.latest):
                judge_match(match, said.told, said.relied, claim.upstream, self._sheet)
            self._judge_ceasing(claim)
        elif relied.sequence < began_at:
            self._sheet.note(
                RELIED,
                Status.ASSERTED,
                "what a permit relied on lies before this part of the other log",
                where=claim.last.told.where,
                found=f"entry {relied.sequence}",
            )
        else:
            self._fail("a permit that relied on no MATCH", claim.last, "a MATCH of the same reference that holds")

    def _judge_ceasing(self, claim: _Claim) -> None:
        """Step 3."""
        relied = claim.last.relied
        ceased = self._ceased.get((relied.log_origin, claim.sealed.digest), [])
        place = bisect.bisect(ceased, (relied.sequence, 0))
        patience = claim.sealed.reference.measurement.cycle_seconds * _SECOND
        if place < len(ceased) and claim.last.told.time > ceased[place][1] + patience:
            self._fail(
                "a permit that relied on a measurement which held no more",
                claim.last,
                f"at most {patience} ms after entry {ceased[place][0]}",
            )

    def _fail(self, detail: str, said: _Said, expected: object) -> None:
        found = f"entry {said.relied.sequence} of {said.relied.log_origin}"
        self._sheet.fail(RELIED, detail, where=said.told.where, expected=expected, found=found)


def _begun(said: _Said) -> int:
    return said.begun
