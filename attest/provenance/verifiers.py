"""What a verifier's word is worth: who he is by the trust file, which SLSA level he names; alike for VSA and SVR."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from attest.errors import UntrustedError
from attest.provenance.attestation import Attestation
from attest.provenance.model import CheckStatus, Expectations, check
from attest.statement.predicates.runtime_reference import EvidenceCheck
from attest.trust.trust import Trust

VERIFIER: Final = "authenticity.verifier"
LEVEL: Final = "build-link.level"

_BUILD_LEVEL: Final = re.compile("SLSA_BUILD_LEVEL_(?P<level>[0-3])")

_SHOWN: Final = 4
"""How many of a list are enough to tell; of another project's properties there may be hundreds."""


def judge_verifier(claimed: str, attestation: Attestation, trust: Trust, where: str) -> EvidenceCheck:
    """Check that the id of the verifier is one for which the signing key speaks."""
    ids = {row.id for row in trust.document.verifiers if row.keyid in attestation.signers}
    if ids == {None}:
        detail = f"nobody said for which verifier.id this key speaks (--verifier ID=PUB); named: {claimed}"
        return check(VERIFIER, CheckStatus.UNPROVEN, detail)
    if claimed not in ids:
        expected = " or ".join(sorted(str(each) for each in ids if each is not None))
        raise UntrustedError(f"{where}: verifier.id", expected, claimed, check=VERIFIER)
    return check(VERIFIER, CheckStatus.PASS, claimed)


def judge_levels(named: Iterable[str], expectations: Expectations, where: str) -> tuple[int | None, EvidenceCheck]:
    """Return the SLSA Build level, None without one on that track, and the check of it; `where` names the list."""
    names = tuple(named)
    found = [int(match["level"]) for name in names if (match := _BUILD_LEVEL.fullmatch(name))]
    told = _shortened(names)
    if len(found) > 1:
        raise UntrustedError(where, "one level a track", told, check=LEVEL)
    level = found[0] if found else None
    least = expectations.min_level
    if least is not None and (level is None or level < least):
        raise UntrustedError(where, f"SLSA_BUILD_LEVEL_{least} or better", told or "none", check=LEVEL)
    return level, check(LEVEL, CheckStatus.PASS, f"verified: {told or 'no level'}")


def _shortened(names: tuple[str, ...]) -> str:
    more = f", and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
