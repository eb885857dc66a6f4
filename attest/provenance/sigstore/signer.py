"""Who signed a bundle: a certificate under the trusted root, or a trusted key that the bundle only hints at."""

from __future__ import annotations

from itertools import pairwise
from typing import Generic, TypeVar

import msgspec

from attest.codec import instant
from attest.errors import UntrustedError
from attest.provenance.sigstore.production import SigstoreTrust
from attest.provenance.sigstore.publisher_keys import PublisherKey
from attest.provenance.sigstore.trusted_root import TrustedRoot
from attest.provenance.sigstore.verified import CertificateSigner, KeySigner
from attest.provenance.sigstore.wire import with_check
from attest.signing.certificates import Certificate
from attest.signing.foreign_keys import ForeignKey
from attest.signing.fulcio import CERTIFICATE_CHECK, read_identity
from attest.signing.fulcio_chain import find_issuer
from attest.signing.sct import check_scts

KEY_CHECK = "authenticity.key"


S_co = TypeVar("S_co", bound=CertificateSigner | KeySigner, covariant=True)


class Candidate(msgspec.Struct, Generic[S_co], frozen=True, kw_only=True):
    """A key that may have signed, whom it stands for, and the DER by which logs name it (certificate or key)."""

    key: ForeignKey
    signer: S_co
    verifier: bytes


def certified(
    chain: tuple[bytes, ...], root: TrustedRoot, times: tuple[int, ...], where: str
) -> Candidate[CertificateSigner]:
    """Return the key of the first certificate, whose path to the root, usage and CT promises hold at each of `times`.

    Further certificates anchor nothing. They only have to be what they claim to be: each the issuer of the one before.
    """
    return with_check(CERTIFICATE_CHECK, lambda: _certified(chain, root, times, where))


def _certified(
    chain: tuple[bytes, ...], root: TrustedRoot, times: tuple[int, ...], where: str
) -> Candidate[CertificateSigner]:
    leaf, *above = [Certificate(der, where=f"{where}: certificates[{place}]") for place, der in enumerate(chain)]
    issuer = find_issuer(leaf, root.authorities, times)
    check_scts(leaf, issuer, root.ct_logs)
    for below, certificate in pairwise((leaf, *above)):
        if not certificate.issued(below):
            raise UntrustedError(certificate.where, "the issuer of the one before", "another", check=CERTIFICATE_CHECK)
    signer = CertificateSigner(identity=read_identity(leaf))
    return Candidate(key=leaf.key, signer=signer, verifier=leaf.der)


def hinted(hint: str, trust: SigstoreTrust, times: tuple[int, ...], where: str) -> tuple[Candidate[KeySigner], ...]:
    """Return the trusted keys that a hint may mean and that were valid at each of `times`; at least one."""
    named = [key for key in trust.keys if key.hint is None or key.hint == hint]
    if not named:
        found = f"one that it calls {ascii(hint)[:120]}"
        raise UntrustedError(where, "a key that is trusted", found, hint="name the key: --public-key", check=KEY_CHECK)
    valid = [key for key in named if key.window is None or all(key.window.covers(at) for at in times)]
    if not valid:
        expected = f"a signature made in the key's window, {named[0].window}"
        raise UntrustedError(where, expected, ", ".join(map(instant.text, times)), check="authenticity.time")
    return tuple([_candidate(key, hint) for key in valid])


def _candidate(key: PublisherKey, hint: str) -> Candidate[KeySigner]:
    return Candidate(key=key.key, signer=KeySigner(keyid=key.key.keyid, hint=hint), verifier=key.key.spki)
