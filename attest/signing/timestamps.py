"""RFC 3161 timestamps: a time stamping authority of the trusted root saw this signature at that time.

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
    """A time stamping authority of a trusted root: its signing certificate first, its root certificate last."""

    name: str
    certificates: tuple[Certificate, ...]
    window: Window


class Timestamp(msgspec.Struct, frozen=True, kw_only=True):
    """A verified time: `at` in milliseconds since 1970, and the authority that said it."""

    at: int
    authority: str


def check_timestamp(
    response: bytes, signed: bytes, authorities: tuple[TimestampAuthority, ...], *, where: str
) -> Timestamp:
    """Return the time at which an authority of the root saw the bytes `signed` (a signature, not the artifact).

    1. The imprint is the SHA-2 digest of exactly these bytes. 2. One authority's chain verifies the CMS signature at
    the stamped time; a certificate inside the token helps only if it is that authority's own. 3. The stamped time lies
    in the authority's window, both ends inclusive. Raises `MalformedError` or `UntrustedError`.
    """
    parsed, at = _parse(response, where)
    _check_imprint(parsed, signed, where)
    signers = [authority for authority in authorities if _signed_by(parsed, authority)]
    if not signers:
        raise UntrustedError(where, "a timestamp of an authority of the trusted root", "another", check=TIME_CHECK)
    for authority in signers:
        if authority.window.covers(at) and all(each.validity.covers(at) for each in authority.certificates):
            return Timestamp(at=at, authority=authority.name)
    expected = f"a time inside the validity of {signers[0].name}"
    raise UntrustedError(where, expected, instant.text(at), check=TIME_CHECK)


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
        found = "one of another signature" if digest else "another hash function"
        raise UntrustedError(where, "a timestamp over this signature, with SHA-2", found, check=TIME_CHECK)


def _signed_by(parsed: TimeStampResponse, authority: TimestampAuthority) -> bool:
    from cryptography.exceptions import UnsupportedAlgorithm
    from rfc3161_client import VerificationError, VerifierBuilder

    leaf, *above = authority.certificates
    verifier = VerifierBuilder(
        tsa_certificate=leaf.x509,
        intermediates=[certificate.x509 for certificate in above[:-1]],
        roots=[above[-1].x509 if above else leaf.x509],
    ).build()
    try:
        if len(parsed.signed_data.signer_infos) != 1:
            return False
        return verifier.verify(parsed, parsed.tst_info.message_imprint.message)
    except (VerificationError, ValueError, TypeError, UnsupportedAlgorithm):
        return False
