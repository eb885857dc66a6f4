"""Signed certificate timestamps (RFC 6962, 3.2): the promise of a CT log that a certificate stands in it."""

from __future__ import annotations

import hashlib
import struct
from datetime import UTC
from typing import Any, Final

import msgspec

from attest.errors import UntrustedError
from attest.signing.certificates import Certificate, milliseconds
from attest.signing.foreign_keys import ForeignKey
from attest.signing.window import Window

SCT_CHECK: Final = "authenticity.sct"
SCT_LIST: Final = "1.3.6.1.4.1.11129.2.4.2"
MAX_SCTS: Final = 16
_MAX_TBS_BYTES: Final = 2**24 - 1
_PRECERTIFICATE: Final = 1


class CtLog(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate transparency log of a trusted root; its id is the SHA-256 of its key."""

    log_id: bytes
    key: ForeignKey
    window: Window


def check_scts(leaf: Certificate, issuer: Certificate, logs: tuple[CtLog, ...]) -> int:
    """Return how many timestamps of `leaf` hold; each that names a log of the root has to, and at least one must.

    The log signs over the SHA-256 of the key of the actual issuer, and over the certificate without its timestamps.
    A log counts if the timestamp's own time lies in its window. Raises `UntrustedError`.
    Not checked: that the certificate really stands in the log (a timestamp is a promise).
    """
    known = {log.log_id: log for log in logs}
    _, listed = leaf.extensions.get(SCT_LIST, (False, ()))
    timestamps = list(listed)
    if len(timestamps) > MAX_SCTS:
        raise _wrong(leaf, f"at most {MAX_SCTS} certificate timestamps", str(len(timestamps)))
    held = 0
    for timestamp in timestamps:
        log = known.get(timestamp.log_id)
        if log is not None:
            _check(timestamp, log, leaf, issuer)
            held += 1
    if not held:
        found = f"{len(timestamps)} of other logs" if timestamps else "none"
        raise _wrong(leaf, "a certificate timestamp of a CT log of the trusted root", found)
    return held


def _check(timestamp: Any, log: CtLog, leaf: Certificate, issuer: Certificate) -> None:  # noqa: ANN401  (cryptography's)
    at = milliseconds(timestamp.timestamp.replace(tzinfo=UTC))
    if not log.window.covers(at):
        raise _wrong(leaf, f"a certificate timestamp from {log.window}", f"one at {at} ms")
    if not log.key.verify(timestamp.signature, _signed(timestamp, at, leaf, issuer)):
        raise _wrong(leaf, f"a certificate timestamp that CT log {log.log_id.hex()[:16]} signed", "a bad signature")


def _signed(timestamp: Any, at: int, leaf: Certificate, issuer: Certificate) -> bytes:  # noqa: ANN401  (cryptography's)
    """Return what the log signs: `digitally-signed struct` of RFC 6962, 3.2, for a precertificate."""
    tbs = leaf.x509.tbs_precertificate_bytes
    if len(tbs) > _MAX_TBS_BYTES:
        raise _wrong(leaf, "a certificate of at most 16 MiB", str(len(tbs)))
    extensions = timestamp.extension_bytes
    head = struct.pack(">BBQH", 0, 0, at, _PRECERTIFICATE)
    issuer_key = hashlib.sha256(issuer.spki).digest()
    size = len(tbs).to_bytes(3)
    return b"".join((head, issuer_key, size, tbs, len(extensions).to_bytes(2), extensions))


def _wrong(leaf: Certificate, expected: str, found: str) -> UntrustedError:
    return UntrustedError(leaf.where, expected, found, check=SCT_CHECK)
