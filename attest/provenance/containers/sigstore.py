"""A Sigstore bundle or a PyPI attestation, verified, and who is believed to have signed it."""

from __future__ import annotations

from attest.errors import MalformedError, UntrustedError
from attest.provenance.author import Author, author_of, authors_with_keys
from attest.provenance.certificate import GITHUB, GITHUB_ISSUER, Certificate
from attest.provenance.containers.opened import IDENTITY, Opened, identity_check
from attest.provenance.containers.roots import registry_keys, root_check, roots_of
from attest.provenance.model import CheckStatus, Expectations, check
from attest.provenance.sigstore.bundle_form import parse_bundle
from attest.provenance.sigstore.pypi import parse_pypi_attestation
from attest.provenance.sigstore.untimed import verify_untimed
from attest.provenance.sigstore.verified import (
    CertificateSigner,
    KeySigner,
    SignedDigest,
    SignedPayload,
    VerifiedBundle,
)
from attest.provenance.sigstore.verify import verify_parsed
from attest.signing.fulcio import FulcioIdentity
from attest.statement.predicates.runtime_reference import EvidenceCheck
from attest.trust.role import Role
from attest.trust.trust import Trust

REGISTRY = "npm registry"


def open_bundle(octets: bytes, trust: Trust, expectations: Expectations, where: str, *, pypi: bool) -> Opened:
    """Open a bundle around a statement; `pypi` says that it has the form of PEP 740."""
    verified = _verify(octets, trust, expectations, where, pypi=pypi)
    content = verified.content
    if not isinstance(content, SignedPayload):
        raise MalformedError(where, "a signed statement", "a signature over a digest", check="integrity.statement")
    author, certificate, identity = _signer(verified.signer, trust, expectations)
    return Opened(
        payload=content.payload,
        payload_type=content.payload_type,
        author=author,
        keyids=(verified.signer.keyid,) if isinstance(verified.signer, KeySigner) else (),
        certificate=certificate,
        checks=(*_checks(verified, trust, expectations, where), identity),
    )


def open_signed_digest(
    octets: bytes, trust: Trust, expectations: Expectations, where: str
) -> tuple[SignedDigest, Opened]:
    """Open a bundle over an artifact's digest, without any statement; the payload of what is returned is empty."""
    verified = _verify(octets, trust, expectations, where, pypi=False)
    if not isinstance(verified.content, SignedDigest):
        raise MalformedError(where, "a signature over a digest", "a signed statement", check="integrity.statement")
    author, certificate, identity = _signer(verified.signer, trust, expectations)
    opened = Opened(
        payload=b"",
        payload_type="",
        author=author,
        keyids=(verified.signer.keyid,) if isinstance(verified.signer, KeySigner) else (),
        certificate=certificate,
        checks=(*_checks(verified, trust, expectations, where), identity),
    )
    return verified.content, opened


def open_untimed(octets: bytes, trust: Trust, expectations: Expectations, where: str) -> Opened:
    """Open an envelope with a certificate and without a proven time: signature and chain hold, the time is unproven."""
    root = roots_of(trust, expectations, where).root
    verified = verify_untimed(octets, root, where=where)
    certificates = [certificate_of(signer.identity) for signer in verified.signers]
    if len(set(certificates)) != 1:
        raise UntrustedError(where, "signatures of one identity", f"{len(certificates)}", check=IDENTITY)
    author = author_of(certificates[0], trust, expectations)
    return Opened(
        payload=verified.content.payload,
        payload_type=verified.content.payload_type,
        author=author,
        certificate=certificates[0],
        checks=(root_check(root), *verified.checks, identity_check(certificates[0], author)),
    )


def certificate_of(identity: FulcioIdentity) -> Certificate:
    """Return what a verified certificate says, under one name each, whether it has the old extensions or the new."""
    repository = identity.source_repository_uri
    if repository is None and identity.github_workflow_repository is not None and identity.issuer == GITHUB_ISSUER:
        repository = f"{GITHUB}{identity.github_workflow_repository}"
    return Certificate(
        identity=identity.name,
        issuer=identity.issuer or "(no issuer)",
        source_repository=repository,
        source_commit=identity.source_repository_digest or identity.github_workflow_sha,
        source_ref=identity.source_repository_ref or identity.github_workflow_ref,
        config_uri=identity.build_config_uri,
        runner_environment=identity.runner_environment,
        trigger=identity.build_trigger or identity.github_workflow_trigger,
        repository_id=identity.source_repository_identifier,
        owner_id=identity.source_repository_owner_identifier,
        invocation_uri=identity.run_invocation_uri,
    )


def _verify(octets: bytes, trust: Trust, expectations: Expectations, where: str, *, pypi: bool) -> VerifiedBundle:
    parsed = parse_pypi_attestation(octets, where=where) if pypi else parse_bundle(octets, where=where)
    return verify_parsed(parsed, roots_of(trust, expectations, where))


def _checks(
    verified: VerifiedBundle, trust: Trust, expectations: Expectations, where: str
) -> tuple[EvidenceCheck, ...]:
    return (root_check(roots_of(trust, expectations, where).root), *verified.checks)


def _signer(
    signer: CertificateSigner | KeySigner, trust: Trust, expectations: Expectations
) -> tuple[Author | None, Certificate | None, EvidenceCheck]:
    if isinstance(signer, CertificateSigner):
        certificate = certificate_of(signer.identity)
        author = author_of(certificate, trust, expectations)
        return author, certificate, identity_check(certificate, author)
    author = _keyholder(signer.keyid, trust, expectations)
    return author, None, _key_check(author, signer.keyid)


def _keyholder(keyid: str, trust: Trust, expectations: Expectations) -> Author | None:
    """Return whose key it is; if the caller gave keys it has to be one of them, unless it is the registry's."""
    given = {key.keyid for key in expectations.keys}
    if not given or keyid in given:
        for author, ring in authors_with_keys(trust):
            # A bundle has one signature: who needs several did not say it.
            if ring.threshold == 1 and ring.find(keyid) is not None:
                return author
        if keyid in given:
            return Author(role=Role.BUILDER)
    return Author(role=Role.WITNESS, id=REGISTRY, max_level=0) if keyid in registry_keys(trust) else None


def _key_check(author: Author | None, keyid: str) -> EvidenceCheck:
    if author is None:
        return check(
            IDENTITY, CheckStatus.UNPROVEN, f"nobody said that he expects key {keyid}; to accept it: --public-key PUB"
        )
    by = "a key that the caller gave" if author.id is None else f"{author.role} {author.id}"
    return check(IDENTITY, CheckStatus.PASS, by)
