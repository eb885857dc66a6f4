"""A receipt with the proof of its place in the log: a C2SP `tlog-proof` that verifies by itself.

What the format leaves to the application, the data that is logged, stands in its `extra` line: JSON Lines in RFC 8785
form, the lines of an evidence bundle wherever they say the same.

    certified-writer?     the writer's certificate, if the trust file need not know its key
    entry                 the entry, which is the leaf, and the receipt that it commits to
    consistency?          an earlier tree of this log, and the proof that the checkpoint's begins with it

Nothing there is trusted because it stands there: `attest.evidence.verify.one_proof` judges it.
"""

from typing import Final

import msgspec

from attest.codec import canonical, strict
from attest.codec.records import Count, Record, Sha256Hex
from attest.errors import MalformedError
from attest.evidence.grammar import (
    ENTRY_PREFIX,
    MAX_ENTRY_LINE_BYTES,
    MAX_LINE_BYTES,
    CertifiedWriterLine,
    Hashes,
    entry_line,
    entry_parts,
)
from attest.signing.dsse import Envelope, read_envelope
from attest.tlog.entry import LogEntry, read_entry
from attest.tlog.proof import TlogProof, read_proof, write_proof


class ConsistencyLine(Record, kw_only=True, tag_field="kind", tag="consistency"):
    """A tree of the same log when it had `size` entries, and the proof (RFC 6962, 2.1.2) towards the checkpoint's."""

    size: Count
    root: Sha256Hex
    proof: Hashes


_Beside = CertifiedWriterLine | ConsistencyLine
_BESIDE: Final[type[Record]] = _Beside  # type: ignore[assignment]  # a tagged union: msgspec reads the tag


class ProofFile(msgspec.Struct, frozen=True, kw_only=True):
    """What such a file holds, read and not verified; of entry and receipt the very bytes, too."""

    proof: TlogProof
    leaf: bytes
    """The entry's bytes."""
    entry: LogEntry
    receipt: bytes
    """The envelope's bytes."""
    envelope: Envelope
    writer: CertifiedWriterLine | None = None
    since: ConsistencyLine | None = None


def write_proof_file(
    proof: TlogProof,
    *,
    entry: bytes,
    receipt: bytes,
    writer: CertifiedWriterLine | None = None,
    since: ConsistencyLine | None = None,
) -> bytes:
    """Return the file of a proof that has no `extra` yet; `entry` and `receipt` are bytes in RFC 8785 form."""
    before, after = (b"" if each is None else canonical.encode(each) + b"\n" for each in (writer, since))
    return write_proof(msgspec.structs.replace(proof, extra=before + entry_line(entry, receipt) + after))


def read_proof_file(octets: bytes, *, where: str) -> ProofFile:
    """Read a file; raise `MalformedError` if it is none, or holds no receipt."""
    proof = read_proof(octets, where=where)
    where = f"{where}: extra"
    *lines, rest = proof.extra.split(b"\n")
    places = [place for place, line in enumerate(lines) if line.startswith(ENTRY_PREFIX)]
    if rest or len(places) != 1:
        raise MalformedError(where, "one entry and its receipt, in lines", "something else")
    leaf, receipt = _cut(lines[places[0]], where)
    before = [_read(line, where) for line in lines[: places[0]]]
    after = [_read(line, where) for line in lines[places[0] + 1 :]]
    writer, since = before[0] if before else None, after[0] if after else None
    if (
        len(before) > 1
        or len(after) > 1
        or isinstance(writer, ConsistencyLine)
        or isinstance(since, CertifiedWriterLine)
    ):
        raise MalformedError(where, "the lines certified-writer, entry, consistency, each once at most", "others")
    return ProofFile(
        proof=proof,
        leaf=leaf,
        entry=read_entry(leaf, where=where),
        receipt=receipt,
        envelope=read_envelope(receipt, where=where),
        writer=writer,
        since=since,
    )


def _cut(line: bytes, where: str) -> tuple[bytes, bytes]:
    if len(line) >= MAX_ENTRY_LINE_BYTES:
        raise MalformedError(where, f"at most {MAX_ENTRY_LINE_BYTES} bytes", f"{len(line) + 1}")
    try:
        return entry_parts(line + b"\n")
    except MalformedError as error:
        raise MalformedError(where, error.expected, error.found) from error


def _read(line: bytes, where: str) -> CertifiedWriterLine | ConsistencyLine:
    return strict.read(line, _BESIDE, where=where, max_bytes=MAX_LINE_BYTES)  # type: ignore[return-value]  # the union
