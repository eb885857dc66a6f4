"""A bare CycloneDX JSON file: nobody signed it, so what it names is `locked` at best."""

from __future__ import annotations

from typing import Final

import msgspec

from attest.codec import strict
from attest.provenance.cyclonedx import read_components
from attest.provenance.model import CheckStatus, Expectations, VerifiedEvidence, check, evidence_digest
from attest.provenance.source import Source
from attest.trust.trust import Trust

NAME: Final = "cyclonedx-file"


class _Claim(msgspec.Struct, frozen=True, rename="camel"):
    bom_format: str


def _recognises(octets: bytes) -> bool:
    try:
        return msgspec.json.decode(octets, type=_Claim).bom_format == "CycloneDX"
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False


def _read(octets: bytes, _trust: Trust, _expectations: Expectations, where: str) -> VerifiedEvidence:
    return VerifiedEvidence(
        digest=evidence_digest(octets),
        format=NAME,
        authenticated=False,
        components=read_components(strict.parse(octets, where=where), where=where),
        checks=(check("evidence.signature", CheckStatus.UNPROVEN, "nobody signed it: nothing beyond locked"),),
    )


CYCLONEDX_FILE: Final = Source(name=NAME, recognises=_recognises, read=_read)
