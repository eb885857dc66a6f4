"""Keys that a caller gives by file to verify build evidence with: ours, and those of others' tools.

cosign makes P-256 keys and takes P-384 and RSA (PKCS #1 v1.5, SHA-256); in-toto's library signs with RSA-PSS over
SHA-256 (RFC 8017, 8.1). Sigstore's own logs and certificates use neither of the latter, so PSS is accepted here alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, final

from attest.codec.files import read_file
from attest.errors import MalformedError
from attest.signing.foreign_keys import ForeignKey, parse_foreign_key
from attest.signing.keyfiles import MAX_KEY_FILE_BYTES, parse_public
from attest.signing.keys import PublicKey


@final
class GivenKey:
    """A key of a kind that nothing of ours is signed with; its holder may have signed as cosign or as in-toto does."""

    __slots__ = ("foreign",)

    def __init__(self, foreign: ForeignKey) -> None:
        """Take the key."""
        self.foreign: Final = foreign

    @property
    def keyid(self) -> str:
        """The SHA-256 of its SubjectPublicKeyInfo."""
        return self.foreign.keyid

    def verify(self, signature: bytes, message: bytes) -> bool:
        """Return whether `signature` is this key's over `message`, with RSA in either padding."""
        return self.foreign.verify(signature, message) or self.foreign.verify_pss(signature, message)

    def __repr__(self) -> str:
        return f"GivenKey({self.foreign!r})"


def load_given(path: Path) -> PublicKey | GivenKey:
    """Read a PEM public key file of ours or somebody else's.

    Raises `MalformedError` for another kind of key and one that is too weak, `UnavailableError` if it cannot be read.
    """
    octets = read_file(path, max_bytes=MAX_KEY_FILE_BYTES)
    try:
        return parse_public(octets, where=str(path))
    except MalformedError:
        return GivenKey(parse_foreign_key(octets, where=str(path)))
