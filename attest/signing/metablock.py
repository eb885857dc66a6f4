"""The older container of in-toto (Metablock): signatures over the canonical JSON of what is signed, in hexadecimal."""

from __future__ import annotations

from collections.abc import Sequence

from attest.errors import UntrustedError
from attest.signing.keyring import GivenRing, KeyRing, Verified, vouch


def open_metablock(
    signed: bytes, signatures: Sequence[bytes], ring: KeyRing | GivenRing, *, where: str
) -> Verified[bytes]:
    """Check signatures over `signed` against `ring`: enough distinct keys of the ring must have signed.

    `signed` is the canonical form, which the caller makes. Signatures by unknown keys are ignored, as those of an
    envelope are, and no key id decides anything. Raises `UntrustedError`.
    """
    signers = tuple(key for key in ring.keys if any(key.verify(signature, signed) for signature in signatures))
    if len(signers) < ring.threshold:
        found = f"{len(signers)} of {len(signatures)} signature(s)"
        raise UntrustedError(where, f"a signature of {ring.threshold} trusted {ring.role} key(s)", found)
    return vouch(signed, ring.role, signers)
