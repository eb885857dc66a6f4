"""What a Sigstore bundle claims, in one form for all versions. Nothing here is verified."""

import msgspec

from attest.signing.dsse import pae


class InclusionProof(msgspec.Struct, frozen=True, kw_only=True):
    """That an entry stands in a log: place and size of the tree, the hashes between, and the signed tree head."""

    index: int
    size: int
    root: bytes
    hashes: tuple[bytes, ...]
    checkpoint: bytes | None


class LogEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a transparency log as the bundle tells it; `integrated_time` in seconds since 1970."""

    where: str
    log_id: bytes
    index: int
    kind: str
    version: str
    body: bytes
    integrated_time: int | None
    signed_timestamp: bytes | None
    proof: InclusionProof | None


class DsseContent(msgspec.Struct, frozen=True, kw_only=True):
    """A signed DSSE payload."""

    payload: bytes
    payload_type: str
    signature: bytes
    keyid: str = ""

    @property
    def signed(self) -> bytes:
        """The bytes that were signed."""
        return pae(self.payload_type, self.payload)


class MessageContent(msgspec.Struct, frozen=True, kw_only=True):
    """A signature over an artifact that lies elsewhere; the digest is what the bundle claims, if anything."""

    signature: bytes
    algorithm: str | None
    digest: bytes | None


class Bundle(msgspec.Struct, frozen=True, kw_only=True):
    """What a bundle claims: certificates (DER, the signing one first), or else the hint at a key."""

    where: str
    media_type: str
    version: str
    chain: tuple[bytes, ...]
    hint: str | None
    content: DsseContent | MessageContent
    entries: tuple[LogEntry, ...]
    timestamps: tuple[bytes, ...]
