"""RFC 3161 timestamp responses, written byte by byte: a small TSA for tests."""

from __future__ import annotations

import hashlib
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

_SHA256 = "2.16.840.1.101.3.4.2.1"
_SHA1 = "1.3.14.3.2.26"
_ECDSA_SHA256 = "1.2.840.10045.4.3.2"
_SIGNED_DATA = "1.2.840.113549.1.7.2"
_TST_INFO = "1.2.840.113549.1.9.16.1.4"
_CONTENT_TYPE = "1.2.840.113549.1.9.3"
_MESSAGE_DIGEST = "1.2.840.113549.1.9.4"


def tlv(tag: int, *parts: bytes) -> bytes:
    """One DER value."""
    body = b"".join(parts)
    size = len(body)
    if size < 128:
        return bytes([tag, size]) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + body


def sequence(*parts: bytes) -> bytes:
    return tlv(0x30, *parts)


def integer(value: int) -> bytes:
    return tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def oid(dotted: str) -> bytes:
    first, second, *rest = map(int, dotted.split("."))
    body = bytearray()
    for arc in (40 * first + second, *rest):
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(0x80 | arc & 0x7F)
        body += bytes(reversed(groups))
    return tlv(0x06, bytes(body))


def timestamp_response(
    signed: bytes,
    at: datetime,
    certificate: x509.Certificate,
    key: ec.EllipticCurvePrivateKey,
    *,
    digest: str = "sha256",
    embedded: tuple[x509.Certificate, ...] = (),
    signers: int = 1,
    nonce: int | None = None,
) -> bytes:
    """A granted response over the digest of `signed`, stamped `at` by `certificate`'s `key`."""
    imprint = imprint_of(hashlib.new(digest, signed).digest(), _SHA256 if digest == "sha256" else _SHA1)
    return stamped(imprint, at, certificate, key, embedded=embedded, signers=signers, nonce=nonce)


def imprint_of(digest: bytes, algorithm: str = _SHA256) -> bytes:
    """A digest as a request and an answer have it."""
    return sequence(sequence(oid(algorithm), tlv(0x05)), tlv(0x04, digest))


def stamped(
    imprint: bytes,
    at: datetime,
    certificate: x509.Certificate,
    key: ec.EllipticCurvePrivateKey,
    *,
    embedded: tuple[x509.Certificate, ...] = (),
    signers: int = 1,
    nonce: int | None = None,
) -> bytes:
    """The same over an imprint."""
    time = tlv(0x18, at.strftime("%Y%m%d%H%M%SZ").encode())
    asked = b"" if nonce is None else integer(nonce)
    info = sequence(integer(1), oid("1.3.6.1.4.1.57264.2"), imprint, integer(99), time, asked)
    attributes = [
        sequence(oid(_CONTENT_TYPE), tlv(0x31, oid(_TST_INFO))),
        sequence(oid(_MESSAGE_DIGEST), tlv(0x31, tlv(0x04, hashlib.sha256(info).digest()))),
    ]
    body = b"".join(sorted(attributes))
    signature = key.sign(tlv(0x31, body), ec.ECDSA(hashes.SHA256()))
    signer = sequence(
        integer(1),
        sequence(certificate.issuer.public_bytes(), integer(certificate.serial_number)),
        sequence(oid(_SHA256), tlv(0x05)),
        tlv(0xA0, body),
        sequence(oid(_ECDSA_SHA256)),
        tlv(0x04, signature),
    )
    certificates = [tlv(0xA0, *[each.public_bytes(Encoding.DER) for each in embedded])] if embedded else []
    data = sequence(
        integer(3),
        tlv(0x31, sequence(oid(_SHA256), tlv(0x05))),
        sequence(oid(_TST_INFO), tlv(0xA0, tlv(0x04, info))),
        *certificates,
        tlv(0x31, *[signer] * signers),
    )
    return sequence(sequence(integer(0)), sequence(oid(_SIGNED_DATA), tlv(0xA0, data)))
