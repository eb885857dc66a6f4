"""What a decision rests on besides the request: is the server measured, are its tools as sealed, what do rules say.

One gate stands before one server, whoever and however many its callers are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, final

from attest.appraisal.calls.asked import Asked
from attest.appraisal.calls.kinds import RuleKind
from attest.appraisal.calls.ledger import Ledger
from attest.appraisal.calls.rulebook import Rulebook
from attest.appraisal.calls.ruling import Ruling, refused
from attest.portal.session.methods import TOOLS_CALL
from attest.statement.tools.calls import Relied
from attest.statement.tools.definitions import digest_of_set
from attest.statement.tools.rules import OnCallerDrift

_ENDED: Final = "the server has ended, and no answer will come"
_UNRECORDED: Final = "the receipt could not be written, and without one nothing is forwarded"
_CEASED: Final = "the server was found to be another one before the receipt of this decision could be written"


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A measurement that matched: its receipt, and when its first read was, in milliseconds since boot."""

    log_origin: str
    sequence: int
    receipt: str
    began_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Footing:
    """Where the server stands by its newest measurement, whoever made it."""

    upstream: str
    """Who it is, as receipts name it."""
    match: Match | None = None
    """Begun after the server was started, and newest; None if there is none yet."""
    refusal: Ruling | None = None
    """Why nothing is permitted whatever the rules say: drift, the safe state, ..."""
    until_ms: int | None = None
    """When the reference's time is over, in milliseconds since boot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """The definitions that the server was last seen to have."""

    digest: str | None
    """None where it did not tell."""
    ruling: Ruling
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRules:
    """What the reference seals of a gate; milliseconds."""

    audit_only: bool
    max_age_ms: int
    cycle_ms: int
    on_caller_drift: OnCallerDrift
    pins_definitions: bool = True
    """Whether there is something sealed that the tools of the server can be held against."""


class Need(StrEnum):
    """What a decision has to wait for."""

    NOTHING = "nothing"
    MEASUREMENT = "measurement"
    DEFINITIONS = "definitions"


@final
class Gate:
    """The state before one server; mutable, without a clock."""

    def __init__(self, rules: GateRules, rulebook: Rulebook, ledger: Ledger) -> None:
        """Begin without a measurement, and without having seen definitions."""
        self.rules = rules
        self.rulebook = rulebook
        self.ledger = ledger
        self.footing = Footing(upstream="not started")
        self.listed: Listed | None = None
        self.strays: dict[str, str] = {}
        """What the server said of itself that is not as sealed, by the request that it answered."""
        self.unrecordable: str | None = None
        """Why nothing can be recorded any more, which ends everything."""
        self.short_of_space = False
        """Whether what room the log has is kept for measurements, and for the outcomes of what was permitted."""
        self.tells_receipts = False
        """Whether a caller is told the receipt of its permit, in the `_meta` of the result."""
        self.has_phantoms = False
        """Whether whoever carries the messages has phantoms to give."""

    @property
    def captures(self) -> bool:
        """Whether a caller that left the baseline goes on against a phantom."""
        sealed = self.rules.on_caller_drift is OnCallerDrift.PHANTOM and not self.rules.audit_only
        return sealed and self.has_phantoms

    @property
    def no_answer(self) -> str:
        """Why nobody answers: of a server that was not started, or was ended, because of what was found."""
        refusal = self.footing.refusal
        return _ENDED if refusal is None else f"{_ENDED}; {refusal.reason}"

    def needs(self, asked: Asked, now: int) -> Need:
        """Return what has to be known before `asked` can be decided at `now`."""
        if self.closed is not None or self.footing.refusal is not None:
            return Need.NOTHING
        if self.footing.match is None:
            return Need.MEASUREMENT
        if self._pins(asked) and (self.listed is None or now - self.listed.at_ms > self.rules.cycle_ms):
            return Need.DEFINITIONS
        return Need.NOTHING

    def rule(self, asked: Asked, now: int) -> Ruling:
        """Decide a request: measurement first, then definitions, then the sealed rules."""
        return self.unfit(asked, now) or self.rulebook.decide(asked, self.ledger, now)

    def unfit(self, asked: Asked, now: int) -> Ruling | None:
        """Return why the server may not have a request at `now`, whatever the rules say of that; None if it may."""
        return self._measured(now) or self._described() or self._defined(asked)

    def rule_aside(self, asked: Asked, ledger: Ledger, now: int) -> Ruling:
        """Decide a request that goes to a phantom, by other counts; its definitions are the sealed ones."""
        return self._measured(now) or self.rulebook.decide(asked, ledger, now)

    def relied(self, now: int) -> Relied | None:
        """Return the measurement that a decision at `now` relies on."""
        match = self.footing.match
        if match is None:
            return None
        age = max(0, now - match.began_ms)
        return Relied(log_origin=match.log_origin, sequence=match.sequence, receipt=match.receipt, age_milliseconds=age)

    @property
    def closed(self) -> str | None:
        """Why no receipt can be written about a request now, which is to be refused without one."""
        return self.unrecordable or ("there is hardly any room for the log" if self.short_of_space else None)

    def unrecorded(self, now: int) -> Ruling:
        """Return why there is no receipt of a decision: the log takes none, or what was relied on holds no more."""
        if self.closed is not None:
            return refused(RuleKind.LOG_UNAVAILABLE, _UNRECORDED)
        return self._measured(now) or refused(RuleKind.MEASUREMENT_DRIFT, _CEASED)

    @property
    def definitions(self) -> str | None:
        """The digest of the set that the server was last seen to have."""
        return None if self.listed is None else self.listed.digest

    def list(self, found: Sequence[tuple[str, str]], now: int) -> None:
        """Take a whole listing into account: name and digest of each tool."""
        self.listed = Listed(digest=digest_of_set(found), ruling=self.rulebook.definitions(found), at_ms=now)

    def list_failed(self, why: str, now: int) -> None:
        """Take into account that the server did not tell what its tools are."""
        self.listed = Listed(digest=None, ruling=refused(RuleKind.DEFINITIONS_UNKNOWN, why), at_ms=now)

    def forget_listing(self) -> None:
        """Demand a new one before the next call."""
        self.listed = None

    def _measured(self, now: int) -> Ruling | None:
        footing = self.footing
        if footing.refusal is not None:
            return footing.refusal
        if footing.match is None:
            return refused(RuleKind.MEASUREMENT_NONE, "no measurement of the server has matched yet")
        if now - footing.match.began_ms > self.rules.max_age_ms:
            seconds = self.rules.max_age_ms // 1000
            return refused(RuleKind.MEASUREMENT_STALE, f"the newest match is older than {seconds} s")
        if footing.until_ms is not None and now >= footing.until_ms:
            return refused(RuleKind.REFERENCE_EXPIRED, "the time of the reference is over")
        return None

    def _described(self) -> Ruling | None:
        if not self.strays:
            return None
        return next((refused(RuleKind.DESCRIPTION_CHANGED, why) for why in self.strays.values()), None)

    def _defined(self, asked: Asked) -> Ruling | None:
        if not self._pins(asked):
            return None
        if self.listed is None:
            return refused(RuleKind.DEFINITIONS_UNKNOWN, "the server has not told what its tools are")
        return None if self.listed.ruling.permitted else self.listed.ruling

    def _pins(self, asked: Asked) -> bool:
        """Return whether a request depends on definitions that are sealed."""
        return self.rules.pins_definitions and asked.method == TOOLS_CALL
