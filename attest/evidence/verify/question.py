"""What the caller asks: whom he trusts, what he expects, and as of when."""

from typing import TYPE_CHECKING, Final

import msgspec

from attest.evidence.grammar import Tier
from attest.provenance.model import Expectations
from attest.statement.digests import DigestSet
from attest.tlog.checkpoint import Checkpoint
from attest.trust.trust import Trust

if TYPE_CHECKING:
    from attest.trust.revocations import Revocations

MAX_EVIDENCE_AGE_MILLISECONDS: Final = 24 * 3600 * 1000
"""CLI.md: evidence older than a day is no longer young enough, unless said otherwise."""

FUTURE_TOLERANCE_MILLISECONDS: Final = 60_000
"""How far the clock of whoever measured may run ahead of the caller's."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What a file is judged against. Every field that is set demands something; none takes a check away."""

    trust: Trust
    at: int
    """Milliseconds since 1970."""
    references: tuple[str, ...] = ()
    """Payload digests of the references that the evidence must be about."""
    artifacts: tuple[DigestSet, ...] = ()
    """Artifacts that the evidence must be about."""
    kind: str | None = None
    tier: Tier = Tier.RECEIPTS
    """The least that an evidence bundle must hold."""
    nonce: str | None = None
    """What the caller gave to the starter of the newest run, in hexadecimal."""
    context: tuple[tuple[str, str], ...] = ()
    checkpoints: tuple[Checkpoint, ...] = ()
    """Heads of logs, known from elsewhere: the evidence must contain and extend them."""
    max_evidence_age: int = MAX_EVIDENCE_AGE_MILLISECONDS
    expectations: Expectations = Expectations()
    revocations: "Revocations | None" = None
    """What the caller knows to be revoked; None: he was given nothing."""

    @property
    def wants_level(self) -> bool:
        """Whether the caller demands a builder, a source or a level of the build evidence."""
        return bool(self.expectations.demands)
