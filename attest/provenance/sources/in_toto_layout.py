"""An in-toto layout with its links in one document: who made the products of its last step, under whose rules."""

from __future__ import annotations

from typing import Final

from attest.provenance.containers.layout_document import is_layout_document
from attest.provenance.model import Expectations, VerifiedEvidence
from attest.provenance.source import Source
from attest.trust.trust import Trust


def _read(octets: bytes, trust: Trust, expectations: Expectations, where: str) -> VerifiedEvidence:
    from attest.provenance.layouts.judging import verify_layout

    return verify_layout(octets, trust, expectations, where)


IN_TOTO_LAYOUT: Final = Source(name="in-toto-layout", recognises=is_layout_document, read=_read)
