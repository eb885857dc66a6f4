"""RFC 3161 timestamps: a time stamping authority that is trusted saw these bytes at that time.

The CMS signature is checked by `rfc3161-client`. It takes whatever chain is handed to it and says nothing about when
the authority itself counted, so that windows, the imprint and the number of signers are checked here.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

import msgspec

from attest.codec import instant
from attest.errors import MalformedError, UntrustedError
from attest.signing.certificates import Certificate, milliseconds
from attest.signing.window import Window

if TYPE_CHECKING:
    from rfc3161_client import TimeStampResponse

TIME_CHECK: Final = "authenticity.time"
MAX_TIMESTAMP_BYTES: Final = 64 * 1024
_DIGESTS: Final = {
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}
"""Hash functions of an imprint by object identifier (RFC 5754, 2); the weaker ones are refused."""


class TimestampAuthority(msgspec.Struct, frozen=True, kw_only=True):
    """A time stamping authority that is trusted: its signing certificate first, its root certificate last.

    Without a signing certificate, which authorities renew every year or so, a token has to bring its own.
    """

    name: str
    certificates: tuple[Certificate, ...]
    window: Window


class Timestamp(msgspec.Struct, frozen=True, kw_only=True):
    """A verified time: `at` in milliseconds since 1970, and the authority that said it."""

    at: int
    authority: str


class TimestampRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What an authority is asked, as it goes over the wire, and the nonce that its answer has to repeat."""

    octets: bytes
    nonce: int


def make_request(signed: bytes) -> TimestampRequest:
    """Return the request for a timestamp over the SHA-256 of `signed`, with the authority's certificate in it."""
    from rfc3161_client import TimestampRequestBuilder
    from rfc3161_client.base import HashAlgorithm

    builder = TimestampRequestBuilder().data(signed).hash_algorithm(HashAlgorithm.SHA256)
    request = builder.cert_request(cert_request=True).nonce(nonce=True).build()
    return TimestampRequest(octets=request.as_bytes(), nonce=request.nonce or 0)


def check_timestamp(
    response: bytes,
    signed: bytes,
    authorities: tuple[TimestampAuthority, ...],
    *,
    nonce: int | None = None,
    where: str,
) -> Timestamp:
    """Return the time at which an authority saw the bytes `signed` (a signature, not the artifact).

    1. The imprint is the SHA-2 digest of exactly these bytes; the nonce, if one was asked with, is that one. 2. One
    authority's chain verifies the CMS signature at the stamped time; a certificate inside the token helps only if it is
    that authority's own, or issued under it where its own is not known. 3. The stamped time lies in the authority's
    window and in the validity of each certificate, both ends inclusive. Raises `MalformedError` or `UntrustedError`.
    """
    parsed, at = _parse(response, where)
    _check_imprint(parsed, signed, where)
    if nonce is not None and parsed.tst_info.nonce != nonce:
        raise UntrustedError(where, "the nonce of the request", "another, or none", check=TIME_CHECK)
    signers = [authority for authority in authorities if _signed_by(parsed, authority)]
    if not signers:
        raise UntrustedError(where, "a timestamp of an authority that is trusted", "another", check=TIME_CHECK)
    embedded = _embedded(parsed, where)
    for authority in signers:
        certificates = (*authority.certificates, *embedded)
        if authority.window.covers(at) and all(each.validity.covers(at) for each in certificates):
            return Timestamp(at=at, authority=authority.name)
    expected = f"a time inside the validity of {signers[0].name}"
    raise UntrustedError(where, expected, instant.text(at), check=TIME_CHECK)


def claimed_time(response: bytes, signed: bytes, *, where: str) -> int:
    """Return the time that a timestamp over `signed` claims, WITHOUT checking who stamped it (milliseconds)."""
    parsed, at = _parse(response, where)
    _check_imprint(parsed, signed, where)
    return at


def _parse(response: bytes, where: str) -> tuple[TimeStampResponse, int]:
    from rfc3161_client import decode_timestamp_response

    if len(response) > MAX_TIMESTAMP_BYTES:
        raise MalformedError(where, f"at most {MAX_TIMESTAMP_BYTES} bytes", f"{len(response)}", check=TIME_CHECK)
    try:
        parsed = decode_timestamp_response(response)
        return parsed, milliseconds(parsed.tst_info.gen_time)
    except (ValueError, TypeError, OverflowError) as error:
        raise MalformedError(where, "an RFC 3161 timestamp response", "something else", check=TIME_CHECK) from error


def _check_imprint(parsed: TimeStampResponse, signed: bytes, where: str) -> None:
    imprint = parsed.tst_info.message_imprint
    digest = _DIGESTS.get(imprint.hash_algorithm.dotted_string)
    if digest is None or hashlib.new(digest, signed).digest() != imprint.message:
        found = "one of other bytes" if digest else "another hash function"
        raise UntrustedError(where, "a timestamp over these bytes, with SHA-2", found, check=TIME_CHECK)


def _embedded(parsed: TimeStampResponse, where: str) -> tuple[Certificate, ...]:
    """Return the signer's own certificate, if the token brings it."""
    certificates = [Certificate(bytes(der), where=where) for der in parsed.signed_data.certificates]
    signers = {(each.issuer, each.serial_number) for each in parsed.signed_data.signer_infos}
    return tuple(each for each in certificates if (each.x509.issuer, each.x509.serial_number) in signers)


def _signed_by(parsed: TimeStampResponse, authority: TimestampAuthority) -> bool:
    from cryptography.exceptions import UnsupportedAlgorithm
    from rfc3161_client import VerificationError, VerifierBuilder

    certificates = [certificate.x509 for certificate in authority.certificates]
    # Where the first is no signing certificate, the token has to bring it; the library demands its usage timeStamping.
    pinned = not authority.certificates[0].is_authority
    verifier = VerifierBuilder(
        tsa_certificate=certificates[0] if pinned else None,
        intermediates=certificates[int(pinned) : -1],
        roots=certificates[-1:],
    ).build()
    try:
        if len(parsed.signed_data.signer_infos) != 1:
            return False
        return verifier.verify(parsed, parsed.tst_info.message_imprint.message)
    except (VerificationError, ValueError, TypeError, UnsupportedAlgorithm):
        return False
