"""Which Sigstore instance and which keys a bundle is verified with: what the trust file names, and nothing else."""

from __future__ import annotations

import functools

import msgspec

from attest.codec import instant
from attest.errors import UntrustedError
from attest.provenance.model import CheckStatus, Expectations, check
from attest.provenance.sigstore.production import SigstoreTrust, load_production
from attest.provenance.sigstore.publisher_keys import PublisherKey, parse_npm_keys
from attest.provenance.sigstore.trusted_root import ROOT_CHECK, TrustedRoot, parse_trusted_root
from attest.signing.foreign_keys import ForeignKey
from attest.signing.given_keys import GivenKey
from attest.signing.keyring import VerifyingKey
from attest.signing.keys import PublicKey
from attest.statement.predicates.runtime_reference import EvidenceCheck
from attest.trust.document import SigstoreRoot
from attest.trust.role import Role
from attest.trust.trust import Trust

_FOREIGN = ("ed25519", "ecdsa-p256")
"""Our kinds of key that Sigstore has, too."""


def roots_of(trust: Trust, expectations: Expectations, where: str) -> SigstoreTrust:
    """Return the instance of the trust file, with every key that may sign without a certificate.

    Raises `UntrustedError` if the trust file names no instance, or its root is older than it allows.
    """
    named = trust.document.sigstore
    if named is None:
        raise UntrustedError(
            where,
            "a trust file that names a Sigstore instance",
            "none named",
            hint="attest trust new --sigstore production",
            check=ROOT_CHECK,
        )
    instance = _instance(msgspec.json.encode(named))
    if named.max_age_seconds is not None and trust.at is not None:
        instance.root.check_age(trust.at, named.max_age_seconds * 1000)
    own = [key for ring in (trust.ring(Role.BUILDER), trust.ring(Role.VERIFIER)) for key in ring.keys]
    foreign = [each for each in map(_foreign, (*own, *expectations.keys)) if each is not None]
    keys = (*instance.keys, *(PublisherKey(key=each) for each in foreign))
    return SigstoreTrust(root=instance.root, keys=keys)


def root_check(root: TrustedRoot) -> EvidenceCheck:
    """Return the check that the root is known, with its age."""
    dated = "of unknown age" if root.dated is None else f"known to be current at {instant.text(root.dated)}"
    return check(ROOT_CHECK, CheckStatus.PASS, f"{root.name}, {dated}, sha256:{root.digest[:16]}")


def registry_keys(trust: Trust) -> frozenset[str]:
    """Return the ids of the keys with which npm's registry signs what it published, if the trust file names it."""
    named = trust.document.sigstore
    if named is None:
        return frozenset()
    return frozenset(key.key.keyid for key in _instance(msgspec.json.encode(named)).keys)


@functools.lru_cache(maxsize=16)
def _instance(encoded: bytes) -> SigstoreTrust:
    named = msgspec.json.decode(encoded, type=SigstoreRoot)
    shipped = load_production() if named.name == "production" else None
    root, keys = None, () if shipped is None else shipped.keys
    if named.trusted_root is not None:
        dated = None if named.updated_at is None else instant.parse(named.updated_at)
        document = msgspec.json.encode(named.trusted_root)
        root = parse_trusted_root(document, where="trust file: sigstore.trustedRoot", dated=dated)
    elif shipped is not None:
        root = shipped.root
    if named.npm_keys is not None:
        keys = parse_npm_keys(msgspec.json.encode(named.npm_keys), where="trust file: sigstore.npmKeys")
    if root is None:
        # A record without either is refused when it is read.
        raise UntrustedError("trust file: sigstore", "a trusted root", "none", check=ROOT_CHECK)
    return SigstoreTrust(root=root, keys=keys)


def _foreign(key: VerifyingKey) -> ForeignKey | None:
    if isinstance(key, GivenKey):
        return key.foreign
    if isinstance(key, PublicKey) and key.algorithm.name in _FOREIGN:
        return ForeignKey(key.spki, where=f"key {key.keyid[:16]}")
    return None
