"""What a Rekor log signs: the entry timestamp (SET) of version 1, and checkpoints of versions 1 and 2.

The log's id binds its key: SHA-256 of the SubjectPublicKeyInfo in version 1; in version 2 SHA-256 of its origin, a line
feed, 0x01 and the raw Ed25519 key, so that a key is worth nothing under another log's name.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

import msgspec

from attest.codec import canonical
from attest.codec.octets import from_base64, to_base64
from attest.errors import MalformedError, UntrustedError
from attest.signing.foreign_keys import ForeignKey
from attest.signing.note import split_signed_note
from attest.signing.window import Window

LOG_CHECK: Final = "authenticity.log"
HASH_BYTES: Final = 32
_KEY_HINT_BYTES: Final = 4
_RAW_ED25519_BYTES: Final = 32
_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,15}")
_HEAD_LINES: Final = 3


class RekorLog(msgspec.Struct, frozen=True, kw_only=True):
    """A transparency log of a trusted root; `log_id` is the id that the root gives it.

    A log whose id is the SHA-256 of its key is Rekor version 1; any other log with an Ed25519 key is version 2.
    """

    name: str
    log_id: bytes
    key: ForeignKey
    window: Window

    @property
    def signs_times(self) -> bool:
        """Whether it promises times of its own (SET): Rekor version 1 does, version 2 does not."""
        return self.key.algorithm != "ed25519" or self.log_id == hashlib.sha256(self.key.spki).digest()


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A signed tree head of a log, after its signature was checked."""

    origin: str
    size: int
    root: bytes


def origin_id(key: ForeignKey, origin: str) -> bytes:
    """Return the id that a Rekor v2 log with this Ed25519 key and origin has (C2SP signed-note, key ids)."""
    return hashlib.sha256(origin.encode() + b"\n\x01" + key.spki[-_RAW_ED25519_BYTES:]).digest()


def check_entry_timestamp(
    log: RekorLog, *, body: bytes, integrated_time: int, log_index: int, signature: bytes, where: str
) -> None:
    """Check a SET: the log's signature over the RFC 8785 form of entry, time (seconds), log id and global index.

    Raises `UntrustedError`. Only after this does `integrated_time` mean anything.
    """
    if not log.signs_times:
        raise UntrustedError(where, "an entry timestamp of a Rekor v1 log", f"one of {log.name}", check=LOG_CHECK)
    signed = canonical.encode_value(
        {
            "body": to_base64(body),
            "integratedTime": integrated_time,
            "logID": log.log_id.hex(),
            "logIndex": log_index,
        }
    )
    if not log.key.verify(signature, signed):
        expected = f"an entry timestamp that log {log.name} signed"
        raise UntrustedError(where, expected, "a bad signature", check=LOG_CHECK)


def open_log_checkpoint(note: bytes, log: RekorLog, *, where: str) -> Checkpoint:
    """Return the tree head that `log` signed as a note (C2SP `tlog-checkpoint`).

    The log's own line is the one with its key hint, wherever it stands; cosignatures of others are ignored. Raises
    `UntrustedError` if it is missing, bad, there twice, or signed under a name that does not give the log's id.
    """
    try:
        text, signatures = split_signed_note(note, where=where)
        checkpoint = _read(text, where)
    except MalformedError as error:
        raise MalformedError(error.where, error.expected, error.found, check=LOG_CHECK) from error
    ours = [entry for entry in signatures if entry.key_id == log.log_id[:_KEY_HINT_BYTES]]
    if len(ours) != 1:
        raise UntrustedError(where, f"one signature of log {log.name}", str(len(ours)), check=LOG_CHECK)
    if not log.signs_times and (ours[0].name != checkpoint.origin or origin_id(log.key, ours[0].name) != log.log_id):
        raise UntrustedError(where, f"the origin of log {log.name}", checkpoint.origin, check=LOG_CHECK)
    if not log.key.verify(ours[0].signature, text.encode()):
        raise UntrustedError(where, f"a checkpoint that log {log.name} signed", "a bad signature", check=LOG_CHECK)
    return checkpoint


def _read(text: str, where: str) -> Checkpoint:
    """Read origin, size and root; further lines (Rekor v1 writes the time) are extensions and mean nothing here."""
    lines = text.split("\n")
    if len(lines) <= _HEAD_LINES or not lines[0] or not _SIZE.fullmatch(lines[1]):
        raise MalformedError(where, "a checkpoint: origin, size, root hash", "something else")
    root = from_base64(lines[2], where=f"{where}: root hash")
    if len(root) != HASH_BYTES:
        raise MalformedError(where, f"a root hash of {HASH_BYTES} bytes", f"{len(root)}")
    return Checkpoint(origin=lines[0], size=int(lines[1]), root=root)
