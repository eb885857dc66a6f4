"""A checkpoint: the head of a log as a signed note (c2sp.org/tlog-checkpoint).

The text is three lines, `origin`, `size` in decimal, `root` in base64; the key's name is the origin. Extension lines,
which the specification allows, are refused: we write none, and nothing here would know what they mean.
"""

import re
from typing import Final

import msgspec

from attest.codec.octets import from_base64, to_base64
from attest.codec.records import MAX_SAFE_INTEGER
from attest.errors import MalformedError
from attest.signing.keys import PrivateKey, PublicKey
from attest.signing.note import check_key_name, open_note, read_text, sign_note
from attest.tlog.merkle import EMPTY_ROOT, HASH_BYTES

_SIZE: Final = re.compile("0|[1-9][0-9]{0,15}")
_LINES: Final = 3


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """How many entries the log `origin` had, and the root of its tree then (32 bytes)."""

    origin: str
    size: int
    root: bytes


def sign_checkpoint(checkpoint: Checkpoint, key: PrivateKey, *, at: int = 0) -> bytes:
    """Sign a checkpoint under the log's origin as the key's name; return the note.

    `at` is the time as of which it was the log's largest tree, in POSIX seconds: ML-DSA signatures name one.
    """
    text = f"{checkpoint.origin}\n{checkpoint.size}\n{to_base64(checkpoint.root)}\n"
    _read(text, "checkpoint")
    return sign_note(text, checkpoint.origin, key, at=at)


def open_checkpoint(octets: bytes, key: PublicKey, *, where: str) -> Checkpoint:
    """Return the checkpoint that `key` signed as its origin; other signatures, as of witnesses, are ignored.

    Raises `UntrustedError` (signature) or `MalformedError` (form). Which origin it must be is the caller's to compare.
    A time that the signature names is no more than the signer's word, and nothing is made of it: entries have theirs.
    """
    claimed = read_checkpoint_unverified(octets, where=where)
    return _read(open_note(octets, claimed.origin, key, where=where), where)


def read_checkpoint_unverified(octets: bytes, *, where: str) -> Checkpoint:
    """Read a checkpoint WITHOUT checking who signed it; for showing, and for one's own pinned copy."""
    return _read(read_text(octets, where=where), where)


def _read(text: str, where: str) -> Checkpoint:
    lines = text.removesuffix("\n").split("\n")
    if len(lines) != _LINES:
        raise MalformedError(where, "a checkpoint of three lines: origin, size, root", f"{len(lines)} lines")
    origin, size, root = lines
    check_key_name(origin)
    if not _SIZE.fullmatch(size) or int(size) > MAX_SAFE_INTEGER:
        raise MalformedError(where, "a tree size in plain decimal", ascii(size[:40]))
    checkpoint = Checkpoint(origin=origin, size=int(size), root=from_base64(root, where=where))
    if len(checkpoint.root) != HASH_BYTES or (checkpoint.size == 0 and checkpoint.root != EMPTY_ROOT):
        raise MalformedError(where, "the root of a SHA-256 tree of that size", ascii(root[:60]))
    return checkpoint
