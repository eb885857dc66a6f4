"""Write an evidence bundle: streamed from the logs, nothing signed, nothing judged, exactly the documents it needs.

Who exports proves nothing by it: whatever is wrong with a log is wrong with the bundle, and `verify` says so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import msgspec

from attest.codec import canonical
from attest.codec.octets import from_base64, sha256_hex, to_base64
from attest.codec.records import Record
from attest.errors import MalformedError, RefusedError, UnavailableError
from attest.evidence.anchors import anchor_lines
from attest.evidence.certified import certified_writer
from attest.evidence.disclosing import Kept, openable
from attest.evidence.grammar import (
    BUNDLE_SCHEMA,
    MAX_LOGS,
    AnchorLine,
    BuildEvidenceLine,
    BundleEnd,
    BundleHeader,
    CheckpointLine,
    LogLine,
    ReferenceLine,
    Tier,
    entry_line,
)
from attest.signing.dsse import payload_of, read_envelope
from attest.statement.predicates.runtime_reference import PREDICATE_TYPE, RuntimeReference
from attest.statement.statement import read_statement
from attest.statement.tools.calls import Commitment
from attest.tlog.checkpoint import Checkpoint, read_checkpoint_unverified
from attest.tlog.documents import Documents
from attest.tlog.entry import read_entry
from attest.tlog.merkle import frontier_of, inclusion_proof
from attest.tlog.pin import check_pinned
from attest.tlog.stores.row import Row
from attest.tlog.stores.sqlite import SqliteReader

REFERENCE_KIND: Final = "reference"
EVIDENCE_KIND: Final = "evidence"
"""What the documents beside a log are filed under (`attest.tlog.documents`)."""


@dataclass(frozen=True, kw_only=True)
class LogSource:
    """A log to export: its open reader, and the documents that its receipts speak about."""

    reader: SqliteReader
    documents: Documents
    kept: Kept | None = None
    """For tier full: what opens commitments of its receipts."""


@dataclass(frozen=True, kw_only=True)
class _Part:
    """What of a log is exported: the entries from `start` to `stop`, and the checkpoint over `stop` entries."""

    source: LogSource
    start: int
    stop: int
    note: bytes
    anchors: tuple[AnchorLine, ...]
    opened: Mapping[int, Commitment] = field(default_factory=dict)
    """By sequence number, the commitments that are opened."""


class _Named(msgspec.Struct, frozen=True):
    reference: str | None = None
    references: tuple[str, ...] = ()


class _NamingMeasured(msgspec.Struct, frozen=True):
    runtime: str | None = None


class _NamingPredicate(msgspec.Struct, frozen=True):
    receipt: _Named = _Named()
    event: _Named = _Named()
    measured: _NamingMeasured = _NamingMeasured()


class _NamingStatement(msgspec.Struct, frozen=True):
    predicate: _NamingPredicate


class _Payload(msgspec.Struct, frozen=True):
    payload: str


_OF_CALL: Final = b'"event":"tool-'
"""In the entries of permits, outcomes and denials; no other field of an entry is followed by such a value."""

_ENVELOPES: Final = msgspec.json.Decoder(_Payload)
_STATEMENTS: Final = msgspec.json.Decoder(_NamingStatement)


def write_bundle(
    logs: Sequence[LogSource],
    *,
    tier: Tier = Tier.RECEIPTS,
    since: Checkpoint | None = None,
    disclose: Iterable[range] = (),
) -> Iterator[bytes]:
    """Yield the lines of the bundle over `logs`, each up to its newest checkpoint.

    With `since`, the log of that origin begins after the checkpoint's entries; any other after what lies in closed
    segments. At tier full, what is kept of arguments and answers is disclosed, with `disclose` only that of the entries
    in these ranges of sequence numbers, in every log. Everything but the values themselves is checked before the first
    line is yielded: raises `RefusedError` (no checkpoint yet, one log twice, `since` is of none of the logs or does not
    fit), `UnavailableError` (a reference, build evidence or a disclosure is not beside the log), `MalformedError`.
    """
    parts = sorted((_part(source, since) for source in logs), key=_origin)
    origins = tuple(_origin(part) for part in parts)
    if not 1 <= len(origins) <= MAX_LOGS or len(set(origins)) != len(origins):
        raise RefusedError("logs", f"1 to {MAX_LOGS} different logs", f"{len(origins)}, or one twice")
    if since is not None and since.origin not in origins:
        raise RefusedError("since", f"a checkpoint of {' or '.join(origins)}", since.origin)
    documents = [*_certified(parts), *([] if tier is Tier.STRUCTURAL else _documents(parts))]
    opened = None
    if tier is Tier.FULL:
        parts = _disclosing(parts, tuple(disclose))
        opened = sum(len(part.opened) for part in parts)
    header = BundleHeader(schema=BUNDLE_SCHEMA, tier=tier, logs=origins, opened=opened)
    return _closed(_lines(header, documents, parts))


def _lines(header: BundleHeader, documents: Iterable[Record], parts: Iterable[_Part]) -> Iterator[bytes]:
    yield _line(header)
    for document in documents:
        yield _line(document)
    with_receipts = header.tier is not Tier.STRUCTURAL
    for part in parts:
        yield _line(_beginning(part))
        for row in part.source.reader.rows(part.start, part.stop):
            yield entry_line(row.entry, row.receipt if with_receipts else b"")
            if row.sequence in part.opened and part.source.kept is not None:
                yield part.source.kept.line(part.opened[row.sequence])
        yield _line(CheckpointLine(note=part.note.decode()))
        yield from map(_line, part.anchors)


def _closed(lines: Iterable[bytes]) -> Iterator[bytes]:
    digest = hashlib.sha256()
    count = 0
    for count, line in enumerate(lines, 1):  # noqa: B007  (counted for the last line)
        digest.update(line)
        yield line
    yield _line(BundleEnd(lines=count, sha256=digest.hexdigest()))


def _line(record: Record) -> bytes:
    return canonical.encode(record) + b"\n"


def _origin(part: _Part) -> str:
    return part.source.reader.origin


def _part(source: LogSource, since: Checkpoint | None) -> _Part:
    reader = source.reader
    note = reader.newest_checkpoint()
    if note is None:
        raise RefusedError(
            reader.where, "a log with a checkpoint", "none", hint="let the agent that writes it finish a cycle"
        )
    newest = read_checkpoint_unverified(note, where=f"{reader.where}: checkpoint")
    start = reader.closed
    if since is not None and since.origin == reader.origin:
        check_pinned(reader, since)
        if since.size > newest.size:
            raise RefusedError(reader.where, f"a checkpoint of at least {since.size} entries", f"{newest.size}")
        start = since.size
    anchors = anchor_lines(reader, source.documents, start, newest.size)
    return _Part(source=source, start=start, stop=newest.size, note=note, anchors=anchors)


def _beginning(part: _Part) -> LogLine:
    reader, size = part.source.reader, part.start
    if size == 0:
        return LogLine(origin=reader.origin, size=0, frontier=(), previous_proof=())
    row = next(iter(reader.rows(size - 1, size)))
    return LogLine(
        origin=reader.origin,
        size=size,
        frontier=tuple(each.hex() for each in frontier_of(size, reader.node).hashes),
        previous_entry=read_entry(row.entry, where=f"{reader.where}: entry {size - 1}"),
        previous_proof=tuple(each.hex() for each in inclusion_proof(size - 1, size, reader.node)),
    )


def _disclosing(parts: Sequence[_Part], ranges: tuple[range, ...]) -> list[_Part]:
    """Return the parts with what of them is opened; raise `UnavailableError` if nothing of a range can be."""
    for part in parts:
        if part.source.kept is None:
            raise RefusedError(part.source.reader.where, "what is kept of its arguments and answers", "nobody looked")
    found = [replace(part, opened=dict(_opened(part, ranges))) for part in parts]
    sequences = {sequence for part in found for sequence in part.opened}
    for each in ranges:
        if sequences.isdisjoint(each):
            named = f"{each.start}" if len(each) == 1 else f"{each.start} to {each.stop - 1}"
            raise UnavailableError("disclose", f"something to disclose of entry {named}", "nothing that is kept")
    return found


def _opened(part: _Part, ranges: tuple[range, ...]) -> Iterator[tuple[int, Commitment]]:
    kept = part.source.kept
    if kept is None:
        return
    for row in part.source.reader.rows(part.start, part.stop):
        if _OF_CALL in row.entry and (not ranges or any(row.sequence in each for each in ranges)):
            where = f"{part.source.reader.where}: receipt {row.sequence}"
            commitment = openable(_payload(row, where), where=where)
            if commitment is not None and kept.holds(commitment):
                yield row.sequence, commitment


def _payload(row: Row, where: str) -> bytes:
    try:
        return from_base64(_ENVELOPES.decode(row.receipt).payload, where=where)
    except msgspec.MsgspecError as error:
        raise MalformedError(where, "a receipt", str(error)[:120]) from error


def _certified(parts: Sequence[_Part]) -> list[Record]:
    """Return the certificates of the logs' writers, each once, sorted by key id."""
    found = [certified_writer(part.source.reader, part.source.documents, part.start, part.stop) for part in parts]
    lines = {line.keyid: line for line in found if line is not None}
    return [lines[keyid] for keyid in sorted(lines)]


def _documents(parts: Sequence[_Part]) -> list[Record]:
    """Return evidence and references that the exported receipts are about, each once, sorted by digest.

    And the parents of a sub-mandate, which nobody judges without.
    """
    references: dict[str, ReferenceLine] = {}
    evidence: dict[str, BuildEvidenceLine] = {}
    for part in parts:
        documents = part.source.documents
        wanted = sorted(_named(part) - set(references))
        while wanted:
            digest = wanted.pop()
            reference, references[digest] = read_reference(documents, digest)
            for piece in reference.evidence:
                evidence[piece.digest] = _evidence(documents, piece.digest)
            if reference.parent is not None and reference.parent not in references:
                wanted.append(reference.parent)
    return [
        *(evidence[digest] for digest in sorted(evidence)),
        *(references[digest] for digest in sorted(references)),
    ]


def _named(part: _Part) -> set[str]:
    """Return the digests of all references that the exported receipts name."""
    named: set[str] = set()
    for row in part.source.reader.rows(part.start, part.stop):
        where = f"{part.source.reader.where}: receipt {row.sequence}"
        try:
            predicate = _STATEMENTS.decode(_payload(row, where)).predicate
        except msgspec.MsgspecError as error:
            raise MalformedError(where, "a receipt", str(error)[:120]) from error
        named.update(predicate.event.references)
        named.update(each for each in (predicate.receipt.reference, predicate.measured.runtime) if each is not None)
    return named


def read_reference(documents: Documents, digest: str) -> tuple[RuntimeReference, ReferenceLine]:
    """Return a reference that is kept beside a log, known by its digest alone, and its line in a bundle."""
    envelope = read_envelope(_get(documents, REFERENCE_KIND, digest), where=f"reference {digest}")
    payload = payload_of(envelope, where=f"reference {digest}")
    _check_digest("reference", digest, payload)
    statement = read_statement(payload, PREDICATE_TYPE, RuntimeReference, where=f"reference {digest}")
    return statement.predicate, ReferenceLine(digest=digest, envelope=envelope)


def _evidence(documents: Documents, digest: str) -> BuildEvidenceLine:
    octets = _get(documents, EVIDENCE_KIND, digest)
    _check_digest("build evidence", digest, octets)
    return BuildEvidenceLine(digest=digest, bytes=to_base64(octets))


def _get(documents: Documents, kind: str, digest: str) -> bytes:
    try:
        return documents.get(kind, digest)
    except UnavailableError as error:
        hint = "the agent keeps what it measures in the folder 'documents' of its log; do not move the log alone"
        raise UnavailableError(error.where, error.expected, error.found, hint=hint) from error


def _check_digest(what: str, digest: str, octets: bytes) -> None:
    if sha256_hex(octets) != digest:
        raise MalformedError(what, f"the document with sha256 {digest}", sha256_hex(octets))
