"""Who a server has to be over TLS: whoever shows the sealed public key or SPIFFE ID.

Without either, whoever the machine's certificate authorities vouch for.
"""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Callable
from dataclasses import dataclass

from attest.errors import MalformedError, RefusedError, UnavailableError
from attest.measure.upstreams.tls_files import TlsFiles, show_certificate
from attest.signing.certificates import Certificate
from attest.statement.tools.rules import Upstream


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a peer's certificate says of it; the handshake proved that it holds the key."""

    spki: str
    """SHA-256 (hexadecimal) of its public key, SubjectPublicKeyInfo."""
    uris: tuple[str, ...]


def tls_context(upstream: Upstream, files: TlsFiles) -> ssl.SSLContext:
    """Return the TLS settings for a server.

    Where a key or a SPIFFE ID is sealed, `complaint_of` has to be asked as well, before a byte is sent.
    """
    authorities = files.authorities
    try:
        context = ssl.create_default_context(cafile=None if authorities is None else str(authorities))
    except (OSError, ssl.SSLError) as error:
        raise UnavailableError(str(authorities), "certificates in PEM", "none that can be read") from error
    if files.certificate is not None:
        show_certificate(context, files.certificate, files.key)
    # A second handshake on the same connection could show another certificate.
    context.options |= ssl.OP_NO_RENEGOTIATION
    if upstream.spki:
        # The sealed key is the identity: neither a name nor an authority can add to it, or replace it.
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif upstream.spiffe_id is not None:
        if authorities is None:
            raise RefusedError("upstream", "the certificates of the SPIFFE trust domain", "none")
        context.check_hostname = False
    return context


def shown_by(der: bytes | None) -> Shown | None:
    """Return what a certificate (DER) says; None for none, and for one that cannot be read."""
    try:
        certificate = Certificate(der or b"", where="upstream certificate")
        return Shown(spki=hashlib.sha256(certificate.spki).hexdigest(), uris=certificate.uris)
    except MalformedError:
        return None


def complaint_of(upstream: Upstream) -> Callable[[Shown | None], str | None]:
    """Return what says why a peer is not the sealed one, None if it is."""

    def complain(shown: Shown | None) -> str | None:
        if shown is None:
            return "the server showed no readable certificate"
        if upstream.spki and shown.spki not in upstream.spki:
            return f"the server showed another public key, {shown.spki}"
        if upstream.spiffe_id is not None and shown.uris != (upstream.spiffe_id,):
            return "the server showed another SPIFFE ID"
        return None

    return complain
