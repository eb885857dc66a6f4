"""Verify a layout with its links, down to the products of its last step.

The order is that of the in-toto specification, "4.3.2 Verifying the final product", without what it lets a verifier
run. Nothing of a layout is looked at before its signature holds, nothing of a link before the layout is good.

1. The layout is signed by its owner: a builder of the trust file, or a key that the caller gave.
2. It has not expired at the time that is judged at.
3. It asks for no inspection, and its functionaries have keys of accepted kinds, each once.
4. Every step has links by as many of its functionaries as it demands, which agree.
5. The artifact rules of every step hold.
6. The products of the last step, by their digests, are what was made.

Not checked: that the recorded commands are the expected ones, which in-toto only warns of, and that materials nobody's
rules speak about are good.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from attest.codec import instant
from attest.errors import MalformedError, UntrustedError
from attest.provenance.author import Author, names_builder
from attest.provenance.containers.envelope import open_bare, open_with_keys
from attest.provenance.containers.layout_document import read_layout_document
from attest.provenance.containers.opened import IDENTITY, Opened
from attest.provenance.layouts.form import Layout, read_layout
from attest.provenance.layouts.functionaries import read_functionaries
from attest.provenance.layouts.metadata import FORM, SignedMetadata, read_metadata
from attest.provenance.layouts.steps import FUNCTIONARIES, RULES, Performed, verify_steps
from attest.provenance.model import (
    MAX_SUBJECTS,
    CheckStatus,
    Expectations,
    VerifiedEvidence,
    check,
    evidence_digest,
)
from attest.signing.metablock import open_metablock
from attest.statement.digests import Subject, from_foreign
from attest.statement.predicates.runtime_reference import EvidenceCheck
from attest.trust.role import Role
from attest.trust.trust import Trust

NAME: Final = "in-toto-layout"
EXPIRY: Final = "authenticity.expiry"

_BUILDER: Final = "build-link.builder"
_SOURCE: Final = "build-link.source"
_SUBJECT: Final = "build-link.subject"
_DIGEST: Final = "build-link.digest"


def verify_layout(octets: bytes, trust: Trust, expectations: Expectations, where: str) -> VerifiedEvidence:
    """Verify a layout with its links, as one document; raise `UntrustedError` or `MalformedError`."""
    document = read_layout_document(octets, where=where)
    signed = read_metadata(document.layout, where=f"{where}: layout")
    opened = _open(document.layout, signed, trust, expectations, f"{where}: layout")  # step 1
    layout = read_layout(signed, where=f"{where}: layout")
    expiry = _check_expiry(layout, trust, f"{where}: layout")  # step 2
    functionaries = read_functionaries(layout.keys, where=f"{where}: layout")  # step 3, with `read_layout`
    performed = verify_steps(layout, signed, document.links, where=where)  # steps 4 and 5
    subjects = _products(performed[-1], where)  # step 6
    return VerifiedEvidence(
        digest=evidence_digest(octets),
        format=NAME,
        authenticated=opened.author is not None,
        provenance=True,
        signers=opened.keyids,
        builder=None if opened.author is None else opened.author.id,
        subjects=subjects,
        checks=(
            *opened.checks,
            expiry,
            check(FORM, CheckStatus.PASS, f"a layout of {len(layout.steps)} step(s), {len(document.links)} link(s)"),
            check(FUNCTIONARIES, CheckStatus.PASS, _who(performed, {k: v.algorithm for k, v in functionaries.items()})),
            check(RULES, CheckStatus.PASS, _commands(performed)),
            check(_SUBJECT, CheckStatus.PASS, f"{len(subjects)} product(s) of step {performed[-1].name}"),
            check(_DIGEST, CheckStatus.PASS, "an accepted algorithm each that counts"),
            *_unsaid(opened.author, expectations, where),
        ),
    )


def _open(octets: bytes, signed: SignedMetadata, trust: Trust, expectations: Expectations, where: str) -> Opened:
    if signed.enveloped:
        opened = open_bare(octets, trust, expectations, where)
    else:
        signatures = [signature for _, signature in signed.signatures]
        opened = open_with_keys(
            lambda ring: open_metablock(signed.signed, signatures, ring, where=where),
            trust,
            expectations,
            payload_type="",
            signatures=len(signatures),
            where=where,
        )
    author = opened.author
    if author is not None and author.role is not Role.BUILDER:
        raise UntrustedError(
            where, f"a signature by a trusted {Role.BUILDER}", f"one by a {author.role}", check=IDENTITY
        )
    wanted = expectations.builder_id
    if wanted is not None and (author is None or author.id is None or not names_builder(wanted, author.id)):
        found = "a key that the caller gave" if author is None or author.id is None else author.id
        raise UntrustedError(f"{where}: owner", wanted, found, check=_BUILDER)
    return opened


def _check_expiry(layout: Layout, trust: Trust, where: str) -> EvidenceCheck:
    if trust.at is None:
        return check(EXPIRY, CheckStatus.UNPROVEN, f"nobody said as of when; it expires at {layout.expires}")
    if instant.parse_argument(layout.expires, where=f"{where}: expires") <= trust.at:
        raise UntrustedError(
            f"{where}: expires",
            f"a layout that is good at {instant.text(trust.at)}",
            f"one that expired at {layout.expires}",
            hint="have its owner sign it again, and seal with that",
            check=EXPIRY,
        )
    return check(EXPIRY, CheckStatus.PASS, f"until {layout.expires}")


def _products(last: Performed, where: str) -> tuple[Subject, ...]:
    products = last.link.products
    where = f"{where}: step {last.name}: products"
    if not products:
        raise UntrustedError(where, "at least one product", "none", check=_SUBJECT)
    if len(products) > MAX_SUBJECTS:
        raise MalformedError(where, f"at most {MAX_SUBJECTS}", f"{len(products)}", check=_SUBJECT)
    subjects = tuple(
        Subject(digest=digest, name=path)
        for path, digests in sorted(products.items())
        if (digest := from_foreign(dict(digests), where=f"{where}: {path}")) is not None
    )
    if not subjects:
        names = sorted({name for digests in products.values() for name in digests})
        found = f"only {', '.join(names) or 'none'}"[:200]
        raise UntrustedError(where, "a digest of an accepted algorithm", found, check=_DIGEST)
    return subjects


def _unsaid(author: Author | None, expectations: Expectations, where: str) -> Sequence[EvidenceCheck]:
    """Refuse a demand that no layout can answer; a source that the trust file asks of this owner stays unproven."""
    for name, wanted in expectations.demands:
        if name != "builder":
            identifier = "build-link.level" if name == "SLSA level" else _SOURCE
            raise UntrustedError(
                f"{where}: {name}", wanted, "a layout, which names none", hint="SLSA provenance does", check=identifier
            )
    if author is not None and author.sources:
        detail = (
            f"the trust file expects {' or '.join(author.sources)} of builder {author.id}; a layout names no source"
        )
        return (check(_SOURCE, CheckStatus.UNPROVEN, detail),)
    return ()


def _who(performed: Sequence[Performed], algorithms: dict[str, str]) -> str:
    return "; ".join(
        f"{each.name} by {', '.join(f'{keyid[:16]} ({algorithms[keyid]})' for keyid in each.functionaries)}"
        for each in performed
    )


def _commands(performed: Sequence[Performed]) -> str:
    other = [each.name for each in performed if not each.as_expected]
    told = f"materials and products of {len(performed)} step(s) are as they should be"
    return f"{told}; another command than expected (in-toto lets that be): {', '.join(other)}" if other else told
