"""The certificates of a time stamping authority as it publishes them: a PEM file, in whatever order."""

from __future__ import annotations

import warnings
from typing import Final

from attest.codec.printable import printable
from attest.errors import MalformedError
from attest.signing.certificates import Certificate

MAX_AUTHORITY_CERTIFICATES: Final = 8
"""A signing certificate, a root, and more between them than any chain has."""

_MAX_NAME: Final = 200


def read_authority(pem: bytes, *, where: str) -> tuple[Certificate, ...]:
    """Return its certificates, the signing certificate first, if there is one, and the root last.

    Raises `MalformedError` unless there is one self-signed root, at most one certificate that is no authority's, and
    each but the root is issued by another of them.
    """
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509 import load_pem_x509_certificates

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            loaded = [each.public_bytes(Encoding.DER) for each in load_pem_x509_certificates(pem)]
    except (ValueError, TypeError, Warning) as error:
        raise MalformedError(where, "certificates in PEM", "something else") from error
    return ordered([Certificate(der, where=where) for der in loaded], where=where)


def ordered(certificates: list[Certificate], *, where: str) -> tuple[Certificate, ...]:
    """Return the certificates of one authority in their order; see `read_authority`."""
    if len({each.der for each in certificates}) != len(certificates) or len(certificates) > MAX_AUTHORITY_CERTIFICATES:
        raise MalformedError(where, f"at most {MAX_AUTHORITY_CERTIFICATES} certificates, each once", "more")
    roots = [each for each in certificates if each.is_authority and each.issued(each)]
    leaves = [each for each in certificates if not each.is_authority]
    between = [each for each in certificates if each not in roots and each not in leaves]
    if len(roots) != 1 or len(leaves) > 1:
        found = f"{len(roots)} roots, {len(leaves)} signing certificates"
        raise MalformedError(where, "one self-signed root, and at most one signing certificate", found)
    for each in (*leaves, *between):
        if not any(above is not each and above.issued(each) for above in (*between, *roots)):
            raise MalformedError(where, "certificates that lead to the root", "one that nobody of them issued")
    return (*leaves, *between, *roots)


def name_of(root: Certificate) -> str:
    """Return whom a root certificate is for, as one printable line."""
    return printable(root.x509.subject.rfc4514_string(), limit=_MAX_NAME) or "(no name)"
