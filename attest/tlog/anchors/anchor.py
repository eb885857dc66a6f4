"""An anchor as it is kept beside its log: a checkpoint, and what somebody outside said of it."""

from typing import Final, Literal

from attest.codec import canonical, strict
from attest.codec.octets import from_base64, sha256_hex, to_base64
from attest.codec.records import Base64Text, Record
from attest.errors import MalformedError
from attest.tlog.checkpoint import Checkpoint, read_checkpoint_unverified
from attest.tlog.documents import Documents

ANCHOR_KIND: Final = "anchor"
"""What anchors are filed under (`attest.tlog.documents`), by the SHA-256 of their bytes."""

MAX_ANCHOR_BYTES: Final = 512 * 1024
"""More than the largest note and answer take together."""

Method = Literal["rfc3161"]


class Anchor(Record, kw_only=True, tag_field="kind", tag="anchor"):
    """By which method, over which checkpoint (the exact text of its note), with which answer (its exact bytes)."""

    method: Method
    note: str
    answer: Base64Text

    def checkpoint(self, *, where: str) -> Checkpoint:
        """Return the checkpoint, NOT verified; raise `MalformedError`."""
        return read_checkpoint_unverified(self.note.encode(), where=where)


def keep_anchor(documents: Documents, method: Method, note: bytes, answer: bytes) -> None:
    """Keep an answer that was verified."""
    octets = canonical.encode(Anchor(method=method, note=note.decode(), answer=to_base64(answer)))
    documents.put(ANCHOR_KIND, sha256_hex(octets), octets)


def read_anchor(octets: bytes, *, where: str) -> Anchor:
    """Read an anchor; raise `MalformedError` if it is none. Nothing about what it says is verified."""
    anchor = strict.read(octets, Anchor, where=where, max_bytes=MAX_ANCHOR_BYTES)
    anchor.checkpoint(where=f"{where}: note")
    from_base64(anchor.answer, where=f"{where}: answer")
    return anchor


def kept_anchors(documents: Documents) -> tuple[tuple[int, Anchor], ...]:
    """Return all anchors that are kept, each with how many entries its checkpoint has, in that order."""
    found = []
    for digest in documents.digests(ANCHOR_KIND):
        octets, where = documents.get(ANCHOR_KIND, digest), f"anchor {digest}"
        if sha256_hex(octets) != digest:
            raise MalformedError(where, "the anchor with that SHA-256", "another")
        anchor = read_anchor(octets, where=where)
        found.append((anchor.checkpoint(where=where).size, anchor))
    return tuple(sorted(found, key=lambda each: (each[0], sha256_hex(each[1].answer.encode()))))
