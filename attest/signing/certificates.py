"""X.509 certificates (RFC 5280): one parsed certificate, and whether another one issued it."""

from __future__ import annotations

import functools
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, final

from attest.errors import MalformedError
from attest.signing.foreign_keys import ForeignKey
from attest.signing.window import Window

if TYPE_CHECKING:
    from cryptography import x509

MAX_CERTIFICATE_BYTES: Final = 64 * 1024
"""Real ones are below 4 KiB."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DIGESTS: Final = ("sha256", "sha384", "sha512")
"""What a certificate may be signed over; Ed25519 names none."""


@final
class Certificate:
    """A parsed certificate; not verified, whoever issued it.

    `der` are its exact bytes, `x509` is the object of `cryptography` (for `attest.signing` alone).
    """

    __slots__ = ("__dict__", "der", "where", "x509")

    def __init__(self, der: bytes, *, where: str) -> None:
        """Parse a DER certificate of version 3; raise `MalformedError`, also for bytes after it."""
        self.der: Final = der
        self.where: Final = where
        self.x509: Final = _parse(der, where)

    @functools.cached_property
    def extensions(self) -> dict[str, tuple[bool, Any]]:
        """The extensions: object identifier -> (critical, value as an object of `cryptography`)."""
        from cryptography.x509 import DuplicateExtension, UnsupportedGeneralNameType

        try:
            return {entry.oid.dotted_string: (entry.critical, entry.value) for entry in self.x509.extensions}
        except (ValueError, TypeError, Warning, DuplicateExtension, UnsupportedGeneralNameType) as error:
            raise MalformedError(self.where, "a certificate with readable extensions", "others") from error

    @functools.cached_property
    def validity(self) -> Window:
        """From notBefore to notAfter, both ends inclusive (RFC 5280, 4.1.2.5)."""
        try:
            start, end = self.x509.not_valid_before_utc, self.x509.not_valid_after_utc
        except (ValueError, OverflowError) as error:
            raise MalformedError(self.where, "a certificate with a readable validity", "another") from error
        return Window(start=milliseconds(start), end=milliseconds(end))

    @functools.cached_property
    def key(self) -> ForeignKey:
        """The certified key."""
        return ForeignKey(self.spki, where=f"{self.where}: public key")

    @functools.cached_property
    def spki(self) -> bytes:
        """The certified key as DER SubjectPublicKeyInfo, exactly as it stands in the certificate."""
        from cryptography.exceptions import InternalError, UnsupportedAlgorithm
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        try:
            return self.x509.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        except (ValueError, TypeError, UnsupportedAlgorithm, InternalError) as error:
            raise MalformedError(self.where, "a certificate with a readable key", "another") from error

    @functools.cached_property
    def uris(self) -> tuple[str, ...]:
        """The URIs among its subject alternative names, as they stand."""
        from cryptography.x509 import UniformResourceIdentifier

        _, names = self.extensions.get(SUBJECT_ALTERNATIVE_NAME, (False, ()))
        return tuple(name.value for name in names if isinstance(name, UniformResourceIdentifier))

    @functools.cached_property
    def is_authority(self) -> bool:
        """Whether it may issue certificates: basic constraints say CA, and key usage, where given, keyCertSign."""
        _, constraints = self.extensions.get(BASIC_CONSTRAINTS, (False, None))
        _, usage = self.extensions.get(KEY_USAGE, (False, None))
        return constraints is not None and constraints.ca and (usage is None or usage.key_cert_sign)

    def issued(self, other: Certificate) -> bool:
        """Return whether this one's name and key are those that issued `other`; says nothing about usage or time."""
        from cryptography.exceptions import InternalError, InvalidSignature, UnsupportedAlgorithm

        try:
            digest = other.x509.signature_hash_algorithm
            if digest is not None and digest.name not in _DIGESTS:
                return False
            other.x509.verify_directly_issued_by(self.x509)
        except (ValueError, TypeError, Warning, InvalidSignature, UnsupportedAlgorithm, InternalError):
            return False
        return True


BASIC_CONSTRAINTS: Final = "2.5.29.19"
KEY_USAGE: Final = "2.5.29.15"
SUBJECT_ALTERNATIVE_NAME: Final = "2.5.29.17"


def milliseconds(moment: datetime) -> int:
    """Return an instant in milliseconds since 1970, rounded down."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def _parse(der: bytes, where: str) -> x509.Certificate:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.x509 import InvalidVersion, Version, load_der_x509_certificate

    if len(der) > MAX_CERTIFICATE_BYTES:
        raise MalformedError(where, f"a certificate of at most {MAX_CERTIFICATE_BYTES} bytes", f"{len(der)}")
    try:
        parsed = load_der_x509_certificate(der)
        version = parsed.version
    except (ValueError, TypeError, Warning, InvalidVersion, UnsupportedAlgorithm) as error:
        raise MalformedError(where, "a DER certificate", "something else") from error
    if version is not Version.v3:
        raise MalformedError(where, "a certificate of version 3", str(version))
    return parsed
