"""The portal's own file of callers (`--callers`): tokens by their digests, and whose access tokens count.

It belongs to whoever runs the portal, as a trust file does: no reference and no request can change it. It holds no
token, but digests of some, so it is refused where anybody else, its owner included, may write to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import msgspec

from attest.codec import strict
from attest.codec.files import look_and_read
from attest.codec.records import Line, Record, Sha256Hex
from attest.errors import MalformedError, RefusedError
from attest.signing.access import others_may_write
from attest.signing.jose import WebKey, read_keys
from attest.statement.tools.principals import PrincipalName

MAX_FILE_BYTES: Final = 1024 * 1024


class TokenDigest(Record, kw_only=True):
    """A token that was handed out to one caller, by its SHA-256; it has to be random, of 128 bits at least."""

    principal: PrincipalName
    sha256: Sha256Hex


class Issuer(Record, kw_only=True):
    """An OAuth 2.1 authorization server whose access tokens count, with its keys in a file beside this one."""

    issuer: Line
    """As in the `iss` claim, compared character by character (RFC 9207, 2.4)."""
    keys: Line
    """A JWK Set, by a path relative to this file."""


class CallersDocument(Record, kw_only=True):
    """The file as it is written."""

    tokens: Annotated[tuple[TokenDigest, ...], msgspec.Meta(max_length=1024)] = ()
    issuers: Annotated[tuple[Issuer, ...], msgspec.Meta(max_length=64)] = ()


@dataclass(frozen=True, kw_only=True)
class Callers:
    """What the file says, with the issuers' keys read."""

    tokens: dict[str, str]
    """SHA-256 (hex) of a token -> the name of a principal."""
    issuers: dict[str, tuple[WebKey, ...]]


NOBODY: Final = Callers(tokens={}, issuers={})
"""Without a file: only keys and certificates that the reference itself names."""


def read_callers(path: Path) -> Callers:
    """Read the file and the key sets that it names; raise `MalformedError`, `RefusedError`, `UnavailableError`."""
    document = strict.read_edited(_read(path), CallersDocument, where=str(path), max_bytes=MAX_FILE_BYTES)
    tokens = {token.sha256: token.principal for token in document.tokens}
    issuers = {each.issuer: _keys(path.parent / each.keys) for each in document.issuers}
    if len(tokens) != len(document.tokens) or len(issuers) != len(document.issuers):
        raise MalformedError(str(path), "each token and issuer once", "one twice")
    return Callers(tokens=tokens, issuers=issuers)


def _keys(path: Path) -> tuple[WebKey, ...]:
    return read_keys(_read(path), where=str(path))


def _read(path: Path) -> bytes:
    """Read a file that nobody else may write to: whoever can, could name itself."""
    octets, is_shared = look_and_read(path, others_may_write, max_bytes=MAX_FILE_BYTES)
    if is_shared:
        expected = "a file of root's or of your own that nobody else may write to"
        raise RefusedError(str(path), expected, "another owner, or wider permissions", hint=f"see ls -l {path}")
    return octets
