"""Inventories that nobody signed, SBOMs and lock files: rows that differ only in how they are recognised and read."""

from __future__ import annotations

from collections.abc import Callable

from attest.provenance.containers.opened import SIGNATURE
from attest.provenance.model import CheckStatus, Component, Expectations, VerifiedEvidence, check, evidence_digest
from attest.provenance.source import Source
from attest.trust.trust import Trust


def unsigned_source(
    name: str, recognises: Callable[[bytes], bool], read_components: Callable[[bytes, str], tuple[Component, ...]]
) -> Source:
    """Return the row of a format without signatures.

    What it names is `locked`, unless authenticated evidence names the document itself (`attest.provenance.covering`).
    """

    def read(octets: bytes, _trust: Trust, _expectations: Expectations, where: str) -> VerifiedEvidence:
        return VerifiedEvidence(
            digest=evidence_digest(octets),
            format=name,
            authenticated=False,
            components=read_components(octets, where),
            checks=(check(SIGNATURE, CheckStatus.UNPROVEN, "nobody signed it: nothing beyond locked"),),
        )

    return Source(name=name, recognises=recognises, read=read)
