"""From what a request showed to a principal of the sealed rules: one answer, or nobody."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final, final

from attest.errors import MalformedError
from attest.portal.callers.access_tokens import AccessToken, read_access_token
from attest.portal.callers.caller import Shown, UnknownCallerError
from attest.portal.callers.callers_file import Callers
from attest.portal.callers.proofs import Proofs
from attest.portal.session.governed import Caller
from attest.signing.certificates import Certificate
from attest.statement.tools.principals import Principal, PrincipalKind

_SHOWN_DIGITS: Final = 16
"""Of a digest, in words for people."""


@final
class Identifier:
    """Knows the principals of the sealed rules and how each of them is known."""

    def __init__(self, principals: Iterable[Principal], callers: Callers, *, started_ms: int) -> None:
        """`callers` is the portal's own file, `started_ms` its start since 1970: older proofs are not taken."""
        self._principals = tuple(principals)
        self._keys = {each.thumbprint for each in self._principals if each.kind is PrincipalKind.KEY}
        self._callers = callers
        self._proofs = Proofs(started_ms=started_ms)

    def identify(self, shown: Shown, *, at_ms: int) -> Caller:
        """Return the caller, or raise `UnknownCallerError`. What is shown has to hold, all of it, and name one caller.

        In this order: an `Authorization` field; a proof by itself; a client certificate. A certificate beside a token
        has to be a principal's only if nothing else names one.
        """
        if len(shown.authorization) > 1:
            raise UnknownCallerError("one Authorization field", f"{len(shown.authorization)}")
        if shown.authorization:
            return self._by_authorization(shown, at_ms)
        if shown.proof:
            return self._by_key(self._proofs.thumbprint(shown, token=None, known=self._keys, at_ms=at_ms))
        if shown.certificate is not None:
            return self._by_certificate(shown.certificate)
        raise UnknownCallerError("a token, a proof or a client certificate", "none")

    def _by_authorization(self, shown: Shown, at_ms: int) -> Caller:
        scheme, _, token = shown.authorization[0].partition(" ")
        token = token.strip(" ")
        if scheme.lower() not in {"bearer", "dpop"} or not token or not token.isascii():
            raise UnknownCallerError("a Bearer or DPoP token", "another scheme")
        if scheme.lower() == "bearer" and not shown.proof:
            digest = hashlib.sha256(token.encode()).hexdigest()
            if (name := self._callers.tokens.get(digest)) is not None:
                return self._named(PrincipalKind.TOKEN, name)
        read = read_access_token(token, self._callers.issuers, at_ms=at_ms)
        proven = None
        if shown.proof:
            proven = self._proofs.thumbprint(shown, token=token, known={read.thumbprint}, at_ms=at_ms)
        if read.thumbprint != proven or (proven is None) != (scheme.lower() == "bearer"):
            # RFC 9449, 7.2: a bound token as a bearer token, or a proof by another key, is somebody else's.
            raise UnknownCallerError(
                "a proof by the key that the token is bound to",
                "none, or another",
                challenge='DPoP error="invalid_token"',
            )
        return self._by_token(read)

    def _named(self, kind: PrincipalKind, name: str) -> Caller:
        for principal in self._principals:
            if principal.kind is kind and principal.name == name:
                return Caller(principal=principal, authenticated=f"{kind} {name}")
        raise UnknownCallerError("a principal of the sealed rules", f"{kind} {name}")

    def _by_token(self, token: AccessToken) -> Caller:
        for principal in self._principals:
            if (
                principal.kind is PrincipalKind.JWT
                and principal.issuer == token.issuer
                and principal.subject == token.subject
                and principal.audience in token.audiences
                and (principal.thumbprint is None or principal.thumbprint == token.thumbprint)
            ):
                bound = "" if token.thumbprint is None else f" jkt {token.thumbprint[:_SHOWN_DIGITS]}"
                return Caller(principal=principal, authenticated=f"jwt {token.issuer}{bound}")
        raise UnknownCallerError(
            "a subject and an audience of the sealed rules", "others", challenge='Bearer error="invalid_token"'
        )

    def _by_key(self, thumbprint: str) -> Caller:
        for principal in self._principals:
            if principal.kind is PrincipalKind.KEY and principal.thumbprint == thumbprint:
                return Caller(principal=principal, authenticated=f"jkt {thumbprint[:_SHOWN_DIGITS]}")
        raise UnknownCallerError("a key of the sealed rules", "another", challenge="DPoP")

    def _by_certificate(self, der: bytes) -> Caller:
        try:
            certificate = Certificate(der, where="client certificate")
            spki, uris = hashlib.sha256(certificate.spki).hexdigest(), certificate.uris
        except MalformedError as error:
            raise UnknownCallerError(error.expected, error.found) from error
        for principal in self._principals:
            if principal.kind is PrincipalKind.CERTIFICATE and principal.thumbprint == spki:
                return Caller(principal=principal, authenticated=f"spki {spki[:_SHOWN_DIGITS]}")
            # X.509-SVID, 2: exactly one URI, which is the SPIFFE ID.
            if principal.kind is PrincipalKind.SPIFFE and uris == (principal.subject,):
                return Caller(principal=principal, authenticated=f"spiffe {principal.subject}")
        raise UnknownCallerError("a certificate of the sealed rules", "another")
