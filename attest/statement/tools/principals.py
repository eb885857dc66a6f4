"""Principals: who may call. What a caller says of itself (`clientInfo`) is none of it."""

from enum import StrEnum
from typing import Annotated

import msgspec

from attest.codec.records import Line, Record, Sha256Hex
from attest.errors import MalformedError

PrincipalName = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$(?!\n)")]


class PrincipalKind(StrEnum):
    """By what a caller is known."""

    LOCAL = "local"
    """The user that started the portal, over standard input and output."""
    TOKEN = "token"  # noqa: S105  (a kind, no secret)
    """A token that the portal's own file of tokens gives this name; no reference holds a digest of it."""
    JWT = "jwt"
    """An OAuth 2.1 access token of a sealed issuer, audience and subject (RFC 9068)."""
    KEY = "key"
    """A key, by its RFC 7638 thumbprint: the caller proves with every request that it holds it (DPoP, RFC 9449)."""
    CERTIFICATE = "certificate"
    """A client certificate, by the SHA-256 of its public key."""
    SPIFFE = "spiffe"
    """A client certificate, by its SPIFFE ID."""


_NEEDED = {
    PrincipalKind.LOCAL: frozenset[str](),
    PrincipalKind.TOKEN: frozenset[str](),
    PrincipalKind.JWT: frozenset({"issuer", "audience", "subject"}),
    PrincipalKind.KEY: frozenset({"thumbprint"}),
    PrincipalKind.CERTIFICATE: frozenset({"thumbprint"}),
    PrincipalKind.SPIFFE: frozenset({"subject"}),
}


class Principal(Record, kw_only=True):
    """Somebody who may call, under the name that receipts and limits use."""

    name: PrincipalName
    kind: PrincipalKind
    issuer: Line | None = None
    audience: Line | None = None
    subject: Line | None = None
    """jwt: the `sub` claim. spiffe: the whole ID."""
    thumbprint: Sha256Hex | None = None
    """jwt: the key that the token has to be bound to (`cnf.jkt`), if any."""

    def __post_init__(self) -> None:
        """Refuse a kind without what it is known by, or with what it is not."""
        given = {name for name in ("issuer", "audience", "subject", "thumbprint") if getattr(self, name) is not None}
        needed = _NEEDED[self.kind]
        optional = {"thumbprint"} if self.kind is PrincipalKind.JWT else set[str]()
        if not needed <= given or not given <= needed | optional:
            expected = ", ".join(sorted(needed)) or "nothing else"
            found = ", ".join(sorted(given)) or "nothing"
            raise MalformedError(f"principal {self.name}", f"{self.kind} with {expected}", found)

    @property
    def known_by(self) -> str | None:
        """What tells this caller from others, as one line; None for a token, which no reference holds."""
        if self.kind is PrincipalKind.TOKEN:
            return None
        return " ".join(str(each) for each in (self.kind, self.issuer, self.audience, self.subject, self.thumbprint))
