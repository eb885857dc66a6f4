"""OAuth 2.1 access tokens as JSON Web Tokens (RFC 9068): who issued it, for whom it is, until when."""

from __future__ import annotations

import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from attest.errors import MalformedError, UntrustedError
from attest.portal.callers.caller import UnknownCallerError
from attest.signing.jose import Opened, WebKey, open_token, read_date

LEEWAY_MS: Final = 60_000
"""How far the issuer's clock may be from ours."""

_TYPES: Final = frozenset({"at+jwt", "application/at+jwt"})
"""RFC 9068, 4: anything else, above all an ID token, is refused."""

_INVALID: Final = 'Bearer error="invalid_token"'


@dataclass(frozen=True, kw_only=True)
class AccessToken:
    """A token that holds: issuer, audience and subject as it names them, and the key it is bound to, if any."""

    issuer: str
    audiences: tuple[str, ...]
    subject: str
    thumbprint: str | None
    """Hexadecimal; the `cnf.jkt` (RFC 9449, 6.1)."""


def read_access_token(token: str, issuers: Mapping[str, tuple[WebKey, ...]], *, at_ms: int) -> AccessToken:
    """Return what a token says, if a known issuer signed it and it is valid at `at_ms`; else `UnknownCallerError`.

    Whose keys are tried follows from our own file: every issuer's, until one signed it and is the one that it names.
    Several may sign with the same keys, as the tenants of one service do.
    """
    for issuer, keys in issuers.items():
        try:
            opened = open_token(token, keys, types=_TYPES, where="access token")
        except MalformedError as error:
            raise UnknownCallerError(error.expected, error.found, challenge=_INVALID) from error
        except UntrustedError:
            continue
        if opened.claims.get("iss") == issuer:
            return _read(opened, issuer, at_ms)
    raise UnknownCallerError("an access token of a known issuer", "another", challenge=_INVALID)


def _read(opened: Opened, issuer: str, at_ms: int) -> AccessToken:
    claims = opened.claims
    expires = _milliseconds(claims, "exp")
    if expires is None or at_ms >= expires + LEEWAY_MS:
        raise _refused("a token that is not expired", "an expired one, or one without an end")
    starts = _milliseconds(claims, "nbf")
    if starts is not None and at_ms < starts - LEEWAY_MS:
        raise _refused("a token that is valid already", "one that is not yet")
    audience, subject = claims.get("aud"), claims.get("sub")
    audiences = (audience,) if isinstance(audience, str) else audience
    if not isinstance(audiences, list | tuple) or not all(isinstance(each, str) for each in audiences):
        raise _refused("an audience", "none")
    if not isinstance(subject, str) or not subject:
        raise _refused("a subject", "none")
    return AccessToken(
        issuer=issuer, audiences=tuple(audiences), subject=subject, thumbprint=_bound_to(claims.get("cnf"))
    )


def _milliseconds(claims: Mapping[str, Any], name: str) -> int | None:
    """Return a time in milliseconds since 1970, None if it is absent."""
    value = claims.get(name)
    if value is None:
        return None
    read = read_date(value)
    if read is None:
        raise _refused(f"{name} as a number of seconds", "another")
    return read


def _bound_to(confirmation: Any) -> str | None:  # noqa: ANN401  (a parsed JSON value)
    if confirmation is None:
        return None
    if not isinstance(confirmation, dict) or set(confirmation) != {"jkt"} or not isinstance(confirmation["jkt"], str):
        # Bound to something that is not checked here (x5t#S256): to ignore that would make it a bearer token.
        raise _refused("a token that is bound to a DPoP key, or to none", "another binding")
    try:
        return binascii.a2b_base64(confirmation["jkt"].replace("-", "+").replace("_", "/") + "=").hex()
    except (binascii.Error, ValueError) as error:
        raise _refused("a key thumbprint", "another") from error


def _refused(expected: str, found: str) -> UnknownCallerError:
    return UnknownCallerError(expected, found, challenge=_INVALID)
