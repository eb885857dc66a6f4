"""Who signed a piece of build evidence, as far as the trust file and the caller believe him."""

from __future__ import annotations

from typing import Final

import msgspec

from attest.provenance.certificate import Certificate
from attest.provenance.model import Expectations
from attest.signing.keyring import KeyRing
from attest.signing.keys import PublicKey
from attest.trust.document import ParameterValues, TrustedIdentity
from attest.trust.identity import Workflow, matches_identity, split_workflow
from attest.trust.role import Role
from attest.trust.trust import Builder, Trust

LEAST_LEVEL: Final = 1
"""Whom the caller names and the trust file does not is believed this SLSA Build level ("Verifying artifacts", 1)."""


class Author(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who may have said it; `id` is the trust file's for him, None if it is the caller who named him."""

    role: Role
    id: str | None = None
    max_level: int = LEAST_LEVEL
    sources: tuple[str, ...] = ()
    external_parameters: ParameterValues | None = None


def names_builder(expected: str, found: str) -> bool:
    """Return whether `expected` names the builder `found`.

    Without a version it names every version; with one exactly that, where `v1.2.3` is short for `refs/tags/v1.2.3`.
    """
    if expected == found:
        return True
    path, sign, version = expected.rpartition("@")
    given = split_workflow(found)
    if sign and "/" not in version:
        return given == Workflow(path, f"refs/tags/{version}")
    return bool(given.reference) and expected == given.path


def builder_author(builder: Builder) -> Author:
    """Return a builder of the trust file as an author."""
    return Author(
        role=Role.BUILDER,
        id=builder.id,
        max_level=builder.max_level,
        sources=builder.sources,
        external_parameters=builder.external_parameters,
    )


def authors_with_keys(trust: Trust) -> tuple[tuple[Author, KeyRing], ...]:
    """Return the builders and verifiers of the trust file, each with its keys; those of one id are one verifier's."""
    ring = trust.ring(Role.VERIFIER)
    ids = {row.keyid: row.id for row in trust.document.verifiers}
    verifiers: dict[str, list[PublicKey]] = {}
    for key in ring.keys:
        verifiers.setdefault(ids[key.keyid] or f"key {key.keyid[:16]}", []).append(key)
    return (
        *((builder_author(builder), builder.ring) for builder in trust.builders if builder.ring.keys),
        *(
            (
                Author(role=Role.VERIFIER, id=name, max_level=0),
                KeyRing(role=ring.role, keys=tuple(keys), threshold=ring.threshold),
            )
            for name, keys in verifiers.items()
        ),
    )


def author_of(certificate: Certificate, trust: Trust, expectations: Expectations) -> Author | None:
    """Return whom a certificate makes known; None if neither the caller nor the trust file expects him.

    If the caller names identities, it has to be one of them; the trust file then only says how far he is believed.
    """
    wanted = expectations.identities
    if wanted and not any(_is(each, certificate) for each in wanted):
        return None
    for builder in trust.builders:
        if any(_is(each, certificate) for each in builder.identities):
            return builder_author(builder)
    return Author(role=Role.BUILDER) if wanted else None


def accepting_flags(certificate: Certificate) -> str:
    """Return the flags that would accept a certificate, ready to paste into a shell."""
    from shlex import quote

    identity, issuer = quote(certificate.identity), quote(certificate.issuer)
    source = certificate.source_repository
    about = "" if source is None else f" --source-uri {quote(source)}"
    return f"--cert-identity {identity} --cert-oidc-issuer {issuer}{about}"


def _is(expected: TrustedIdentity, certificate: Certificate) -> bool:
    return expected.issuer == certificate.issuer and matches_identity(
        expected.identity, certificate.identity, source=certificate.source_repository
    )
