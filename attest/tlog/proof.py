"""A transparency log proof (c2sp.org/tlog-proof): where an entry stands in a log's tree, as one file of text.

c2sp.org/tlog-proof@v1
extra BASE64          what whoever wrote the proof added, which nothing here vouches for; may be absent
index N
BASE64                the audit path, a hash a line, the leaf's sibling first
                      an empty line, then the checkpoint as its log signed it
"""

import re
from typing import Final

import msgspec

from attest.codec.octets import from_base64, to_base64
from attest.codec.records import MAX_SAFE_INTEGER
from attest.errors import MalformedError
from attest.tlog.checkpoint import read_checkpoint_unverified
from attest.tlog.merkle import HASH_BYTES

PROOF_HEADER: Final = "c2sp.org/tlog-proof@v1"
"""The first line, and how such a file is told from others."""

EXTRA: Final = "extra "
_INDEX: Final = re.compile("index (0|[1-9][0-9]{0,15})")
_MAX_HASHES: Final = 64
"""A tree of 2**64 leaves has no longer path."""


class TlogProof(msgspec.Struct, frozen=True, kw_only=True):
    """Where a leaf stands, the hashes from its sibling up to the root's child, and the signed note over the tree."""

    index: int
    hashes: tuple[bytes, ...]
    note: bytes
    extra: bytes = b""


def write_proof(proof: TlogProof) -> bytes:
    """Return the file."""
    extra = f"{EXTRA}{to_base64(proof.extra)}\n" if proof.extra else ""
    hashes = "".join(f"{to_base64(each)}\n" for each in proof.hashes)
    return f"{PROOF_HEADER}\n{extra}index {proof.index}\n{hashes}\n".encode() + proof.note


def read_proof(octets: bytes, *, where: str) -> TlogProof:
    """Read a proof; raise `MalformedError` for any other spelling than the one of `write_proof`.

    Nothing is verified: not who signed the note, nor that the hashes lead to its root (`merkle.verify_inclusion`).
    """
    head, _, note = octets.partition(b"\n\n")
    try:
        header, *lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise MalformedError(where, "a proof in ASCII, up to its checkpoint", f"byte {error.start} is not") from error
    if header != PROOF_HEADER:
        raise MalformedError(where, f"the line {PROOF_HEADER}", ascii(header[:40]))
    extra = b""
    if lines and lines[0].startswith(EXTRA):
        extra = from_base64(lines.pop(0).removeprefix(EXTRA), where=f"{where}: extra")
        if not extra:
            raise MalformedError(f"{where}: extra", "something, or no such line", "nothing")
    read_checkpoint_unverified(note, where=f"{where}: checkpoint")
    return TlogProof(
        index=_index(lines.pop(0) if lines else "", where), hashes=_hashes(lines, where), note=note, extra=extra
    )


def _index(line: str, where: str) -> int:
    found = _INDEX.fullmatch(line)
    if found is None or int(found[1]) > MAX_SAFE_INTEGER:
        raise MalformedError(where, "a line index and a number in plain decimal", ascii(line[:40]))
    return int(found[1])


def _hashes(lines: list[str], where: str) -> tuple[bytes, ...]:
    if len(lines) > _MAX_HASHES:
        raise MalformedError(where, f"at most {_MAX_HASHES} hashes", f"{len(lines)}")
    hashes = tuple(from_base64(line, where=f"{where}: hash") for line in lines)
    if any(len(each) != HASH_BYTES for each in hashes):
        raise MalformedError(f"{where}: hash", f"{HASH_BYTES} bytes", "another length")
    return hashes
