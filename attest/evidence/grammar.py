"""The evidence bundle: JSON Lines, each in RFC 8785 form, of these records in a fixed order.

    header
    certified-writer*        sorted by key id, each the writer of a log below
    build-evidence*          sorted by digest, each named by a RuntimeReference below
    reference*               sorted by digest, each named by a receipt below, or the parent of another one
    manifest*                (tier full: the manifests' own lines; reserved, not yet written or read)
    ( log ( entry disclosure? )* checkpoint anchor* )+
                             one section a log, in the header's order, sorted by origin; disclosures at tier full alone;
                             anchors sorted by how many entries they are over, then by the SHA-256 of their answer
    end                      how many lines stand before it, and the SHA-256 of all their bytes

Sorted sections and "named below" leave no freedom: no line can be dropped, doubled or swapped without a trace. A
receipt has one commitment at most that can be opened, and what opens it stands right behind it, so that nobody has to
remember any; the header says how many are opened.
"""

from enum import StrEnum
from typing import Annotated, Final, Literal

import msgspec

from attest.codec.records import Base64Text, Count, Id128, Line, Record, Sha256Hex
from attest.errors import MalformedError
from attest.signing.dsse import Envelope
from attest.tlog.entry import LogEntry

BUNDLE_SCHEMA: Final = "https://mcp-attest.github.io/schemas/evidence-bundle/v0.1"

MAX_LOGS: Final = 64
MAX_WRITERS: Final = MAX_LOGS
MAX_REFERENCES: Final = 1024
MAX_EVIDENCE: Final = 4096
MAX_EVIDENCE_BYTES: Final = 256 * 1024 * 1024
"""All build evidence of one bundle together; what was read from it is kept until the end."""

MAX_ENTRIES: Final = 100_000_000
MAX_ANCHORS: Final = 1024
"""Of one log: forty days of one an hour. A time stamp takes two milliseconds to verify, with one authority."""

MAX_PROOF: Final = 64
"""Hashes in a proof or compact range: a tree of 2**64 leaves has no more."""

MAX_ENTRY_LINE_BYTES: Final = 16 * 1024 * 1024
"""A violation may write out 1000 findings with three texts of 4096 characters each."""

MAX_SECTION_LINE_BYTES: Final = 48 * 1024 * 1024
"""Build evidence and references: 32 MiB (the largest document) in base64, and the rest of the line.

Disclosures are no longer: 16 MiB (the longest message) in base64."""

MAX_LINE_BYTES: Final = 1024 * 1024
"""Every other line."""

Hashes = Annotated[tuple[Sha256Hex, ...], msgspec.Meta(max_length=MAX_PROOF)]


class Tier(StrEnum):
    """How much an evidence bundle holds, least first."""

    STRUCTURAL = "structural"
    """Entries, checkpoints and proofs: order, completeness and time, without any content."""
    RECEIPTS = "receipts"
    """And the signed statements, the references and the original build evidence."""
    FULL = "full"
    """And the disclosures of arguments and answers, as many as their owner gives."""


TIER_RANK: Final = {Tier.STRUCTURAL: 0, Tier.RECEIPTS: 1, Tier.FULL: 2}


class BundleHeader(Record, kw_only=True, tag_field="kind", tag="header"):
    """The first line: which schema, how much is in it, and which logs follow (origins, sorted)."""

    schema: Literal["https://mcp-attest.github.io/schemas/evidence-bundle/v0.1"]
    tier: Tier
    logs: Annotated[tuple[Line, ...], msgspec.Meta(min_length=1, max_length=MAX_LOGS)]
    opened: Count | None = None
    """How many commitments are opened by disclosures; at tier full, and only there."""

    def __post_init__(self) -> None:
        """Refuse a count at another tier, and tier full without one."""
        if (self.opened is None) is (self.tier is Tier.FULL):
            raise MalformedError("header: opened", "a count at tier full, none at another", f"{self.opened}")


class CertifiedWriterLine(Record, kw_only=True, tag_field="kind", tag="certified-writer"):
    """A writer's key that the trust file does not name, and the attestation of the job that made it, for itself.

    It stands at every tier and before everything else: checkpoints are signed with it, too.
    """

    keyid: Sha256Hex
    key: str
    """The public key file, PEM: the attestation is about these very bytes."""
    attestation: Base64Text
    """The exact bytes of a Sigstore bundle; predicate `writer-key`."""


class BuildEvidenceLine(Record, kw_only=True, tag_field="kind", tag="build-evidence"):
    """A piece of build evidence: its exact bytes, and their SHA-256, which a reference names."""

    digest: Sha256Hex
    bytes: Base64Text


class ReferenceLine(Record, kw_only=True, tag_field="kind", tag="reference"):
    """A RuntimeReference as the sealer signed it, and the SHA-256 of its payload, which receipts name."""

    digest: Sha256Hex
    envelope: Envelope


class LogLine(Record, kw_only=True, tag_field="kind", tag="log"):
    """Where this bundle's part of a log begins.

    From genesis: size 0, and nothing else. From a pinned checkpoint on: its size, the compact range of the tree of
    that size (largest subtree first), the entry before (`size - 1`), and the proof that it is in that tree.
    """

    origin: Line
    size: Count
    frontier: Hashes
    previous_entry: LogEntry | None = None
    previous_proof: Hashes


class EntryLine(Record, kw_only=True, tag_field="kind", tag="entry"):
    """One entry of the log and, but at the structural tier, the receipt that it commits to."""

    entry: LogEntry
    receipt: Envelope | None = None


class DisclosureLine(Record, kw_only=True, tag_field="kind", tag="disclosure"):
    """What opens the commitment of the receipt before it: to the parameters of a request, else to an answer.

    `attest.statement.tools.committing` says how; the digest stands in the receipt.
    """

    salt: Id128
    value: Base64Text
    """The exact bytes."""


class CheckpointLine(Record, kw_only=True, tag_field="kind", tag="checkpoint"):
    """The log's newest checkpoint, a C2SP signed note with one signature; it closes the log's section."""

    note: str


class AnchorLine(Record, kw_only=True, tag_field="kind", tag="anchor"):
    """A checkpoint of this log that somebody outside saw, what he said of it, and that the log goes on from there.

    `note` is the exact text of that checkpoint, `answer` the exact bytes of what came back, `proof` leads from its tree
    to that of the checkpoint above (RFC 6962, 2.1.2).
    """

    method: Literal["rfc3161"]
    note: str
    answer: Base64Text
    proof: Hashes


class BundleEnd(Record, kw_only=True, tag_field="kind", tag="end"):
    """The last line: how many lines stand before it, and the SHA-256 of all bytes before it."""

    lines: Count
    sha256: Sha256Hex


BundleLine = (
    BundleHeader
    | CertifiedWriterLine
    | BuildEvidenceLine
    | ReferenceLine
    | LogLine
    | EntryLine
    | DisclosureLine
    | CheckpointLine
    | AnchorLine
    | BundleEnd
)

FOLLOWERS: Final[dict[type[Record] | None, frozenset[type[Record]]]] = {
    None: frozenset({BundleHeader}),
    BundleHeader: frozenset({CertifiedWriterLine, BuildEvidenceLine, ReferenceLine, LogLine}),
    CertifiedWriterLine: frozenset({CertifiedWriterLine, BuildEvidenceLine, ReferenceLine, LogLine}),
    BuildEvidenceLine: frozenset({BuildEvidenceLine, ReferenceLine}),
    ReferenceLine: frozenset({ReferenceLine, LogLine}),
    LogLine: frozenset({EntryLine, CheckpointLine}),
    EntryLine: frozenset({EntryLine, DisclosureLine, CheckpointLine}),
    DisclosureLine: frozenset({EntryLine, CheckpointLine}),
    CheckpointLine: frozenset({AnchorLine, LogLine, BundleEnd}),
    AnchorLine: frozenset({AnchorLine, LogLine, BundleEnd}),
    BundleEnd: frozenset(),
}
"""What may follow what; the whole order of a bundle."""

KIND_OF: Final[dict[type[Record], str]] = {
    BundleHeader: "header",
    CertifiedWriterLine: "certified-writer",
    BuildEvidenceLine: "build-evidence",
    ReferenceLine: "reference",
    LogLine: "log",
    EntryLine: "entry",
    DisclosureLine: "disclosure",
    CheckpointLine: "checkpoint",
    AnchorLine: "anchor",
    BundleEnd: "end",
}

HEADER_PREFIX: Final = b'{"kind":"header",'
"""How every evidence bundle begins, in RFC 8785 form."""

DISCLOSURE_PREFIX: Final = b'{"kind":"discl'
"""How a disclosure begins, and no other line; short, since so much of a line is read before its limit is known."""

_EXTRA_PREFIX: Final = b"extra "
"""Of the line of a proof (`attest.tlog.proof`, not imported for a bundle) that holds an entry line in base64."""

ENTRY_PREFIX: Final = b'{"entry":'
ENTRY_KIND: Final = b',"kind":"entry"'
ENTRY_RECEIPT: Final = b',"receipt":'


def line_limit(beginning: bytes) -> int:
    """Return how long a line may be that begins so, its line feed included."""
    if beginning.startswith((b'{"bytes":', b'{"digest":', DISCLOSURE_PREFIX, _EXTRA_PREFIX)):
        return MAX_SECTION_LINE_BYTES
    if beginning.startswith(ENTRY_PREFIX):
        return MAX_ENTRY_LINE_BYTES
    return MAX_LINE_BYTES


def entry_parts(line: bytes) -> tuple[bytes, bytes]:
    """Cut the bytes of entry and receipt (empty if there is none) out of an entry line.

    Inside a JSON string every quotation mark is escaped and a `LogEntry` has no field `kind`: if the parts are in
    their RFC 8785 form, the first match is the boundary, and the line is in its own. Raises `MalformedError` for a line
    that is not made like this; the parts are the caller's to read.
    """
    boundary = line.find(ENTRY_KIND, len(ENTRY_PREFIX))
    tail = boundary + len(ENTRY_KIND)
    if boundary >= 0 and line.endswith(b"}\n") and line.startswith(ENTRY_PREFIX):
        if line.startswith(ENTRY_RECEIPT, tail):
            return line[len(ENTRY_PREFIX) : boundary], line[tail + len(ENTRY_RECEIPT) : -2]
        if len(line) == tail + 2:
            return line[len(ENTRY_PREFIX) : boundary], b""
    raise MalformedError("entry line", "an entry, its kind, and a receipt or none", "another form")


def entry_line(entry: bytes, receipt: bytes) -> bytes:
    """Put an entry line together from bytes in RFC 8785 form; an empty receipt is left out."""
    tail = ENTRY_RECEIPT + receipt if receipt else b""
    return ENTRY_PREFIX + entry + ENTRY_KIND + tail + b"}\n"
