"""The anchors that are kept beside a log, as lines of an evidence bundle."""

from __future__ import annotations

from attest.codec.octets import from_base64, sha256_hex
from attest.evidence.grammar import MAX_ANCHORS, AnchorLine
from attest.tlog.anchors.anchor import Anchor, kept_anchors
from attest.tlog.documents import Documents
from attest.tlog.merkle import consistency_proof
from attest.tlog.stores.sqlite import SqliteReader


def anchor_lines(reader: SqliteReader, documents: Documents, start: int, stop: int) -> tuple[AnchorLine, ...]:
    """Return those over checkpoints after entry `start` and up to `stop`, in a bundle's order; at most the newest 1024.

    Raises `MalformedError` for one that is none. Whether it is of this log, and who says so, is for `verify` to judge.
    """
    placed = [(size, digest_of(each.answer), each) for size, each in kept_anchors(documents) if start < size <= stop]
    ordered = sorted(placed, key=lambda place: place[:2])
    return tuple(_line(reader, size, anchor, stop) for size, _, anchor in ordered[-MAX_ANCHORS:])


def digest_of(answer: str) -> str:
    """Return the SHA-256 of an answer, by which anchors over the same checkpoint are in order."""
    return sha256_hex(from_base64(answer, where="anchor: answer"))


def _line(reader: SqliteReader, size: int, anchor: Anchor, stop: int) -> AnchorLine:
    proof = consistency_proof(size, stop, reader.node)
    return AnchorLine(
        method=anchor.method, note=anchor.note, answer=anchor.answer, proof=tuple(each.hex() for each in proof)
    )
