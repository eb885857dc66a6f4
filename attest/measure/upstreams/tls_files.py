"""The files that TLS needs: who vouches for others, and what this side shows of itself."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from attest.errors import RefusedError, UnavailableError
from attest.signing.access import others_may_use


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFiles:
    """Of connections to a server; all in PEM."""

    authorities: Path | None = None
    """Certificates that vouch for the server, instead of the machine's."""
    certificate: Path | None = None
    """What is shown to the server, with those above it."""
    key: Path | None = None
    """The key of `certificate`; None: it stands there, too."""


def show_certificate(context: ssl.SSLContext, certificate: Path, key: Path | None) -> None:
    """Have connections of a context show a certificate.

    Raises `RefusedError` for a key that others may read, `UnavailableError` for files that do not belong together, or
    a key under a password: nobody is there to be asked for one.
    """
    secret = key or certificate
    try:
        with secret.open("rb") as opened:
            if others_may_use(opened.fileno()):
                found = "one that others may use"
                raise RefusedError(str(secret), "a key file for its user alone", found, hint=f"chmod 600 {secret}")
        context.load_cert_chain(certificate, key, password=lambda: "")
    except (OSError, ssl.SSLError) as error:
        raise UnavailableError(str(certificate), "a certificate and its key in PEM", "others") from error
