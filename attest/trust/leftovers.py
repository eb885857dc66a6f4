"""What a reference says is left over between evidence and disk, where the trust file's seal rules want nothing left.

Sealing refuses what verification would fail. Both take the sealer's figures from the reference; whoever has the
evidence at hand can hold `unbound` against it (`attest.provenance.unbound`).
"""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from attest.statement.levels import Origin
from attest.statement.predicates.runtime_reference import RuntimeReference
from attest.trust.document import SealRules

CHECK: Final = "build-link.complete"

_SHOWN: Final = 5


class Leftover(msgspec.Struct, frozen=True):
    """One rule that is not kept: what it demands, what was found instead, and what to do."""

    expected: str
    found: str
    hint: str


def find_leftovers(reference: RuntimeReference, rules: SealRules) -> Iterator[Leftover]:
    """Yield the rules that a reference does not keep."""
    if rules.require_bound and reference.unbound:
        yield unbound_leftover(reference.unbound)
    if rules.demands and reference.is_remote:
        found = "a server of which nobody saw any"
        yield Leftover("files that evidence answers for", found, "seal what is installed, where it can be measured")
    unclaimed = reference.unclaimed
    # Two fields say it; a reference in which only one of them looks good is not good.
    is_site = reference.assurance.least == Origin.SITE and reference.manifest.entries > 0
    if rules.require_claimed and (unclaimed.files > 0 or is_site):
        yield Leftover(
            "every file answered for by evidence",
            f"{unclaimed.files} unclaimed: {_first(unclaimed.paths, unclaimed.files)}",
            "give evidence that names them or their archives (--provenance, --sbom, --lock); or remove them",
        )


def unbound_leftover(unbound: Sequence[str]) -> Leftover:
    """Return what breaks `requireBound`."""
    return Leftover(
        "every component and archive answered by files on disk",
        f"{len(unbound)} unbound: {_first(unbound, len(unbound))}",
        "install what is missing; or give evidence about what is installed, and no more",
    )


def _first(items: Sequence[str], count: int) -> str:
    more = count - min(count, _SHOWN)
    return ", ".join(items[:_SHOWN]) + (f" and {more} more" if more else "")
