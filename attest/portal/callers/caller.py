"""What came with a request that may make its caller known, and the refusal of one that nobody knows."""

from __future__ import annotations

from dataclasses import dataclass, field

from attest.errors import UntrustedError


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What a request showed of its sender: the header fields, the address it was sent to, the client's certificate."""

    method: str
    """The HTTP method."""
    url: str
    """The address of the portal that the request was for, without query: what a proof has to name."""
    authorization: tuple[str, ...] = field(default=(), repr=False)
    """Every `Authorization` field."""
    proof: tuple[str, ...] = field(default=(), repr=False)
    """Every `DPoP` field."""
    certificate: bytes | None = None
    """DER, as the TLS library verified it; None without one."""


class UnknownCallerError(UntrustedError):
    """Nobody that the sealed rules name. `challenge` is for `WWW-Authenticate` (RFC 6750, 3; RFC 9449, 7.1)."""

    def __init__(self, expected: str, found: str, *, challenge: str = "Bearer") -> None:
        """Say what was missing; `found` must not hold anything of a token."""
        super().__init__("caller", expected, found)
        self.challenge = challenge
