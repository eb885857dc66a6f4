"""The build evidence of a reference as a side file: exact bytes under their digests, one a line, as JSON Lines.

It stands beside the reference (`REF.evidence.jsonl`) and travels with it, so that whoever verifies can judge the
original envelopes again instead of taking the sealer's word. Each line is named by a digest in the signed reference.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from attest.codec import canonical, strict
from attest.codec.octets import from_base64, sha256_hex, to_base64
from attest.codec.records import Base64Text, Record, Sha256Hex
from attest.errors import MalformedError

MAX_ATTACHMENT_BYTES: Final = 32 * 1024 * 1024
"""Largest single piece of build evidence."""

_MAX_LINE_BYTES: Final = MAX_ATTACHMENT_BYTES * 4 // 3 + 1024


class Attachment(Record, kw_only=True):
    """One piece of build evidence, as it was when it was verified."""

    digest: Sha256Hex
    octets: Base64Text


def write_attachments(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield one line for each piece, sorted by digest, each once."""
    named = {sha256_hex(piece): piece for piece in pieces}
    for digest in sorted(named):
        yield canonical.encode(Attachment(digest=digest, octets=to_base64(named[digest]))) + b"\n"


def read_attachments(lines: Iterable[bytes], *, where: str) -> dict[str, bytes]:
    """Return the pieces by digest, which is also their order; anything else in the file is a `MalformedError`."""
    pieces: dict[str, bytes] = {}
    for number, line in enumerate(lines, 1):
        at = f"{where} line {number}"
        if not line.endswith(b"\n"):
            raise MalformedError(at, "a line that ends in a line feed", "none")
        attachment = strict.read(line[:-1], Attachment, where=at, max_bytes=_MAX_LINE_BYTES)
        octets = from_base64(attachment.octets, where=at)
        if sha256_hex(octets) != attachment.digest:
            raise MalformedError(at, f"bytes with sha256 {attachment.digest}", sha256_hex(octets))
        if pieces and next(reversed(pieces)) >= attachment.digest:
            raise MalformedError(at, "lines sorted by digest, each once", attachment.digest)
        pieces[attachment.digest] = octets
    return pieces
