"""DSSE envelopes (Dead Simple Signing Envelope, protocol 1.0.2).

`Envelope` is untrusted: it is only the form. `open_envelope` checks it against a key ring and is the only maker of a
`Verified` payload, which is the very bytes that were signed.
"""

from binascii import b2a_base64
from typing import Annotated, Final

import msgspec

from attest.codec import canonical, strict
from attest.codec.octets import from_either_base64
from attest.codec.records import Record
from attest.errors import MalformedError, UntrustedError
from attest.signing.keyring import GivenRing, KeyRing, Verified, vouch
from attest.signing.keys import PrivateKey, PublicKey

IN_TOTO_PAYLOAD: Final = "application/vnd.in-toto+json"
_SIGNED: Final = (
    b'{"payload":"%%b","payloadType":"%b","signatures":[{"keyid":"%%b","sig":"%%b"}]}' % IN_TOTO_PAYLOAD.encode()
)
MAX_SIGNATURES: Final = 16
"""More signatures than any threshold here; each one costs a verification."""

PayloadType = Annotated[str, msgspec.Meta(min_length=1, max_length=256, pattern=r"^[\x20-\x7e]+$(?!\n)")]


class Signature(Record, kw_only=True, gc=False):
    """One signature: the id of its key, and its bytes (base64 on the wire)."""

    keyid: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]
    sig: bytes


class Envelope(Record, kw_only=True, gc=False):
    """A DSSE envelope as we write it: canonical base64, key ids set, no unknown fields. Not verified."""

    payload: bytes
    payload_type: PayloadType
    signatures: Annotated[tuple[Signature, ...], msgspec.Meta(min_length=1, max_length=MAX_SIGNATURES)]


class ForeignSignature(msgspec.Struct, frozen=True, kw_only=True):
    """One signature in somebody else's envelope; the key id is a hint and may be missing."""

    sig: str
    keyid: str = ""


class ForeignEnvelope(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A DSSE envelope as others write it: either base64 alphabet, unknown fields ignored. Not verified."""

    payload: str
    payload_type: str
    signatures: Annotated[tuple[ForeignSignature, ...], msgspec.Meta(max_length=64)]


def pae(payload_type: str, payload: bytes) -> bytes:
    """Return the pre-authentication encoding, the bytes that are signed (DSSE protocol, "Signature Definition")."""
    kind = payload_type.encode("utf-8")
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def sign_envelope(payload: bytes, key: PrivateKey, *, payload_type: str = IN_TOTO_PAYLOAD) -> Envelope:
    """Sign `payload` and put it into an envelope."""
    signature = Signature(keyid=key.keyid, sig=key.sign(pae(payload_type, payload)))
    return Envelope(payload=payload, payload_type=payload_type, signatures=(signature,))


def sign_to_octets(payload: bytes, key: PrivateKey) -> bytes:
    """Return the bytes of the envelope that `sign_envelope` makes of an in-toto statement.

    Quicker than to encode a record: nothing in it has to be escaped. A test compares the two.
    """
    signature = key.sign(pae(IN_TOTO_PAYLOAD, payload))
    return _SIGNED % (b2a_base64(payload, newline=False), key.keyid.encode(), b2a_base64(signature, newline=False))


def encode_envelope(envelope: Envelope) -> bytes:
    """Return the one sequence of bytes of an envelope of ours (RFC 8785)."""
    return canonical.encode(envelope)


def read_envelope(octets: bytes, *, where: str) -> Envelope:
    """Read an envelope of ours, in its RFC 8785 form (a trailing line feed, as files have one, is allowed)."""
    return strict.read(octets.removesuffix(b"\n"), Envelope, where=where)


def read_foreign_envelope(octets: bytes, *, where: str) -> ForeignEnvelope:
    """Read somebody else's envelope: strictly parsed, but in any layout and with any further fields."""
    return strict.convert(strict.parse(octets, where=where), ForeignEnvelope, where=where)


def open_envelope(envelope: Envelope, ring: KeyRing, *, where: str) -> Verified[bytes]:
    """Check an envelope of ours against `ring` and return the payload bytes that were signed.

    Exactly the threshold's number of signatures is accepted, each by another key of the ring, and every one must hold.
    Raises `UntrustedError` for a key outside the ring, a bad or missing signature; nothing else.
    Does not look at the payload: see `attest.statement.statement.open_statement`.
    """
    signed = pae(envelope.payload_type, envelope.payload)
    entries = envelope.signatures
    if len(entries) == ring.threshold == 1:
        return vouch(envelope.payload, ring.role, (_check(entries[0], ring, signed, where),))
    signers = tuple([_check(entry, ring, signed, where) for entry in entries])
    if len(signers) != ring.threshold or len(set(signers)) != len(signers):
        raise UntrustedError(where, f"signatures of {ring.threshold} different {ring.role} keys", f"{len(signers)}")
    return vouch(envelope.payload, ring.role, signers)


def open_foreign_envelope(envelope: ForeignEnvelope, ring: KeyRing | GivenRing, *, where: str) -> Verified[bytes]:
    """Check somebody else's envelope against `ring`: enough distinct keys of the ring must have signed it.

    Signatures by unknown keys are ignored and the key id is only a hint (DSSE protocol, "Protocol", steps 2 to 5).
    """
    payload = from_either_base64(envelope.payload, where=f"{where}: payload")
    signed = pae(envelope.payload_type, payload)
    signatures = [from_either_base64(entry.sig, where=f"{where}: sig") for entry in envelope.signatures]
    signers = tuple(key for key in ring.keys if any(key.verify(signature, signed) for signature in signatures))
    if len(signers) < ring.threshold:
        found = f"{len(signers)} of {len(signatures)} signature(s)"
        raise UntrustedError(where, f"a signature of {ring.threshold} trusted {ring.role} key(s)", found)
    return vouch(payload, ring.role, signers)


def _check(entry: Signature, ring: KeyRing, signed: bytes, where: str) -> PublicKey:
    key = ring.find(entry.keyid)
    if key is None:
        raise UntrustedError(where, f"a signature by a trusted {ring.role} key", f"one by {entry.keyid}")
    if not key.verify(entry.sig, signed):
        raise UntrustedError(where, f"a signature of {ring.role} key {entry.keyid[:16]} over these bytes", "a bad one")
    return key


def payload_of(envelope: Envelope, *, where: str) -> bytes:
    """Return the payload WITHOUT any check of who signed it; for showing and for digests, never for deciding."""
    if not envelope.payload:
        raise MalformedError(where, "a payload", "none")
    return envelope.payload
