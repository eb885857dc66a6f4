"""A file of several attestations about one archive (npm's, PyPI's) as one piece of evidence, bytes and all."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from attest.provenance.model import VerifiedEvidence, evidence_digest


def join(octets: bytes, found: Sequence[VerifiedEvidence], name: str) -> VerifiedEvidence:
    """Return what a file amounts to: its provenance, with everything that the others say and were checked for.

    `found` are all of its attestations, at least one, each verified; what only the whole can show was checked, too
    (`attest.provenance.containers.several`).
    """
    main = next((each for each in found if each.slsa_level is not None), None)
    if main is None:
        main = next((each for each in found if each.authenticated), found[0])
    return msgspec.structs.replace(
        main,
        digest=evidence_digest(octets),
        format=name,
        signers=tuple(dict.fromkeys(signer for each in found for signer in each.signers)),
        # What only the registry names is worth less than what a builder does: it stays out beside one.
        components=main.components,
        checks=tuple(check for each in found for check in each.checks),
    )
