"""Bare DSSE envelopes with certificates in their signatures, as early builders left them: verified, without a time.

What holds: each signature over the payload, each certificate under a CA of the trusted root, each CT promise. What
nobody vouches for: when it was signed. The certificate lived for ten minutes, and without a proven time whoever got
hold of its key afterwards could have made this. So the answer is never a `VerifiedBundle`.
"""

from typing import Annotated, Final

import msgspec

from attest.errors import MalformedError, UntrustedError
from attest.provenance.model import CheckStatus, check
from attest.provenance.sigstore.bundle import DsseContent
from attest.provenance.sigstore.logged import pem_block
from attest.provenance.sigstore.signer import certified
from attest.provenance.sigstore.trusted_root import TrustedRoot
from attest.provenance.sigstore.verified import CertificateSigner, SignedPayload, UntimedEnvelope, vouch_untimed
from attest.provenance.sigstore.wire import FORM_CHECK, convert, dsse_octets, parse_value, with_check
from attest.signing.certificates import Certificate

MAX_ENVELOPE_BYTES: Final = 16 * 1024 * 1024


class _Signature(msgspec.Struct, frozen=True, kw_only=True):
    sig: str
    cert: str | None = None
    keyid: str | None = None


class _Envelope(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    payload: str
    payload_type: str
    signatures: Annotated[tuple[_Signature, ...], msgspec.Meta(min_length=1, max_length=16)]


class _Claim(msgspec.Struct, frozen=True):
    cert: str


class _Claims(msgspec.Struct, frozen=True):
    signatures: Annotated[tuple[_Claim, ...], msgspec.Meta(min_length=1)]


def has_certificates(document: bytes) -> bool:
    """Return whether a document claims to be an envelope with a certificate in each signature; nothing is verified."""
    try:
        msgspec.json.decode(document, type=_Claims)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return True


def verify_untimed(document: bytes, root: TrustedRoot, *, where: str) -> UntimedEnvelope:
    """Verify an envelope as far as it goes without a proven time; every signature in it has to hold.

    1. Every signature has a certificate. 2. Its chain, usage and CT promise hold at the certificate's own notBefore,
    for want of a better time. 3. It signed DSSE's encoding of the payload. Raises `MalformedError`, `UntrustedError`.
    NOT checked: when it was signed; who may sign (`signers`); what the payload says.
    """
    envelope = convert(parse_value(document, where=where, max_bytes=MAX_ENVELOPE_BYTES), _Envelope, where)
    payload = dsse_octets(envelope.payload, f"{where}: payload")
    signers = []
    for place, signature in enumerate(envelope.signatures):
        at = f"{where}: signatures[{place}]"
        content = DsseContent(
            payload=payload, payload_type=envelope.payload_type, signature=dsse_octets(signature.sig, f"{at}: sig")
        )
        signers.append(_signer(signature.cert, content, root, at))
    names = ", ".join(signer.identity.name for signer in signers)
    held = (
        ("authenticity.signature", "every signature holds over these bytes"),
        ("authenticity.certificate", f"issued under a CA of the root, for {names}"),
        ("authenticity.sct", "a CT log of the root promised to publish each certificate"),
    )
    unproven = check("authenticity.time", CheckStatus.UNPROVEN, "nobody vouches for the time of signing")
    return vouch_untimed(
        content=SignedPayload(payload=payload, payload_type=envelope.payload_type),
        signers=tuple(signers),
        checks=(*[check(name, CheckStatus.PASS, detail) for name, detail in held], unproven),
    )


def _signer(pem: str | None, content: DsseContent, root: TrustedRoot, where: str) -> CertificateSigner:
    if pem is None:
        raise MalformedError(where, "a certificate (cert)", "none", check=FORM_CHECK)  # 1
    der = with_check(FORM_CHECK, lambda: pem_block(pem, where))
    start = Certificate(der, where=where).validity.start
    candidate = certified((der,), root, (start,), where)  # 2
    if not candidate.key.verify(content.signature, content.signed):  # 3
        expected = "a signature of the certificate's key over this payload"
        raise UntrustedError(where, expected, "a bad one", check="authenticity.signature")
    return candidate.signer
