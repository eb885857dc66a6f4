"""The message of C2SP's newer checkpoint signatures (c2sp.org/tlog-cosignature, "ML-DSA-44 signed message").

Such a signature stands in a note, but is over a structure that is made of the note's text, which has to be a
checkpoint of three lines: whoever signs so can never be led to sign anything else. It names the time as of which this
was the largest tree (POSIX seconds, 0: nothing said of that), in front of what the algorithm makes.
"""

from __future__ import annotations

import re
import struct
from typing import Final

from attest.codec.octets import from_base64
from attest.errors import MalformedError

TIME_BYTES: Final = 8
_MAX_TIME: Final = 2**63 - 1
"""The specification lets no `timestamped_signature` name a later one."""

_LABEL: Final = b"subtree/v1\n\0"
_MAX_NAME_BYTES: Final = 255
_SIZE: Final = re.compile("0|[1-9][0-9]{0,15}")
_HASH_BYTES: Final = 32
_LINES: Final = 4
_EXPECTED: Final = "a checkpoint: an origin of at most 255 bytes, a size, a root"


def cosigned_message(name: str, text: str, at: int) -> bytes:
    """Return what is signed as `name` at `at` (POSIX seconds) over the checkpoint `text`, a note's.

    Raises `MalformedError` for any other text, also for one with extension lines, which would not be covered.
    """
    lines = text.split("\n")
    if len(lines) != _LINES or lines[-1]:
        raise MalformedError("note", _EXPECTED, f"{len(lines) - 1} lines")
    origin, size, root = lines[0].encode(), lines[1], from_base64(lines[2], where="note")
    names = (name.encode(), origin)
    if not all(1 <= len(each) <= _MAX_NAME_BYTES for each in names) or len(root) != _HASH_BYTES:
        raise MalformedError("note", _EXPECTED, "something else")
    if not _SIZE.fullmatch(size) or not 0 <= at <= _MAX_TIME:
        raise MalformedError("note", _EXPECTED, "another size or time")
    who, log = (bytes([len(each)]) + each for each in names)
    return _LABEL + who + struct.pack(">Q", at) + log + struct.pack(">QQ", 0, int(size)) + root


def split_time(signature: bytes) -> tuple[int, bytes]:
    """Return the time of a `timestamped_signature` and what is behind it; one that is too short has nothing there."""
    return int.from_bytes(signature[:TIME_BYTES]), signature[TIME_BYTES:]
