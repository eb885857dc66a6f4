"""What a check is, and the kinds of file and tiers that rows of the table name."""

from collections.abc import Callable
from typing import Final

import msgspec

from attest.evidence.grammar import Tier
from attest.evidence.verdict import Axis, Kind
from attest.evidence.verify.question import Question

Asked = Callable[[Question, Kind], bool]


def always(_question: Question, _kind: Kind) -> bool:
    """Say of a check that it applies whatever is asked."""
    return True


def when_told(_question: Question, _kind: Kind) -> bool:
    """Say of a check that it is laid out once the file turns out to hold what it is about."""
    return False


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """A check: its id (`axis.name`), the kinds of file it applies to, and two lines for people.

    `tiers` narrows it for evidence bundles; `asked` for what only applies if the caller demands it.
    """

    id: str
    meaning: str
    remedy: str
    kinds: frozenset[Kind]
    tiers: frozenset[Tier] = frozenset(Tier)
    asked: Asked = always

    @property
    def axis(self) -> Axis:
        """The axis that this check belongs to."""
        return Axis(self.id.partition(".")[0])


BUNDLE: Final = frozenset({Kind.EVIDENCE_BUNDLE})
RECEIPTS: Final = frozenset({Kind.EVIDENCE_BUNDLE, Kind.RECEIPT})
SEALED: Final = frozenset({Kind.EVIDENCE_BUNDLE, Kind.RUNTIME_REFERENCE})
OURS: Final = frozenset({Kind.EVIDENCE_BUNDLE, Kind.RECEIPT, Kind.RUNTIME_REFERENCE})
STATEMENTS: Final = frozenset(
    {Kind.SIGSTORE_BUNDLE, Kind.DSSE, Kind.IN_TOTO_JSONL, Kind.NPM_ATTESTATIONS, Kind.PYPI_ATTESTATIONS}
)
LAYOUTS: Final = frozenset({Kind.IN_TOTO_LAYOUT})
BUILD: Final = STATEMENTS | LAYOUTS
ALL: Final = frozenset(Kind)
KNOWN: Final = frozenset(Kind) - {Kind.UNKNOWN}
WITH_CONTENT: Final = frozenset({Tier.RECEIPTS, Tier.FULL})
