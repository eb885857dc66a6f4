"""DPoP proofs (RFC 9449): the sender holds a key, now, for this very request."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Container
from typing import Any, Final
from urllib.parse import urlsplit

from attest.errors import MalformedError, UntrustedError
from attest.portal.callers.caller import Shown, UnknownCallerError
from attest.portal.callers.replays import Replays
from attest.signing.jose import open_proof, read_date

MAX_AGE_MS: Final = 60_000
"""How old a proof may be (RFC 9449, 11.1: "seconds to minutes")."""

MAX_AHEAD_MS: Final = 5_000
"""How far a caller's clock may be ahead of ours."""

_TYPES: Final = frozenset({"dpop+jwt"})
_MAX_IDENTIFIER: Final = 256
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class Proofs:
    """Judges proofs; remembers them, so that each is good once."""

    def __init__(self, *, started_ms: int) -> None:
        """Accept no proof from before `started_ms` (since 1970): what was shown to an earlier portal is forgotten."""
        self._started_ms = started_ms
        # The first and the last millisecond in which it is young enough both count.
        self._replays = Replays(span_ms=MAX_AGE_MS + MAX_AHEAD_MS + 1)

    def thumbprint(self, shown: Shown, *, token: str | None, known: Container[str | None], at_ms: int) -> str:
        """Return the thumbprint of the key that the request proves to hold, or raise `UnknownCallerError`.

        `token` is the access token that came with it, which the proof then has to name. RFC 9449, 4.3, in its order.
        A proof by a key that is not `known` is not remembered: anybody can make keys, and room is for callers.
        """
        if len(shown.proof) != 1:  # 1
            raise _refused("one DPoP proof", f"{len(shown.proof)}")
        try:
            opened = open_proof(shown.proof[0], types=_TYPES, where="DPoP proof")  # 2 to 7
        except (MalformedError, UntrustedError) as error:
            raise _refused(error.expected, error.found) from error
        claims = opened.claims
        if claims.get("htm") != shown.method:  # 8
            raise _refused(f"a proof for {shown.method}", "one for another method")
        if _address(claims.get("htu")) != _address(shown.url):  # 9
            raise _refused(f"a proof for {shown.url}", "one for another address")
        self._check_time(claims, at_ms)  # 11
        expected = None if token is None else _hash(token)
        if claims.get("ath") != expected:  # 12
            raise _refused("a proof for the token that came with it", "another")
        identifier = claims.get("jti")
        if not isinstance(identifier, str) or not 0 < len(identifier) <= _MAX_IDENTIFIER:
            raise _refused(f"a jti of at most {_MAX_IDENTIFIER} characters", "another")
        thumbprint = opened.key.thumbprint
        if thumbprint in known and not self._replays.is_new(thumbprint, identifier, at_ms):
            raise _refused("a proof that was not used before", "one that was, or too many at a time")
        return thumbprint

    def _check_time(self, claims: Any, at_ms: int) -> None:  # noqa: ANN401  (a parsed JSON value)
        issued_ms = read_date(claims.get("iat"))
        if issued_ms is None:
            raise _refused("the time that the proof was made", "none")
        if not at_ms - MAX_AGE_MS <= issued_ms <= at_ms + MAX_AHEAD_MS:
            raise _refused(f"a proof of the last {MAX_AGE_MS // 1000} seconds", "an older or a future one")
        # Whole seconds: a proof that was made in the second in which we started is new.
        if issued_ms < self._started_ms // 1000 * 1000:
            raise _refused("a proof that was made after the portal was started", "an older one")


def _hash(token: str) -> str:
    """Return the `ath` of a token: base64url of its SHA-256 (RFC 9449, 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).decode().rstrip("=")


def _address(url: object) -> tuple[str, str, int | None, str] | None:
    """Return scheme, host, port and path, normalised (RFC 3986, 6.2.2 and 6.2.3); None for what is no address."""
    if not isinstance(url, str):
        return None
    try:
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return None
    return parts.scheme.lower(), (parts.hostname or "").lower(), port, parts.path or "/"


def _refused(expected: str, found: str) -> UnknownCallerError:
    return UnknownCallerError(expected, found, challenge='DPoP error="invalid_dpop_proof"')
