"""Any of our documents as text, headed "not verified": for people who want to see what is in a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, Final

import msgspec

from attest.codec import instant, strict
from attest.codec.octets import from_base64, sha256_hex
from attest.codec.printable import printable
from attest.errors import AttestError, MalformedError
from attest.evidence.gist import gist
from attest.evidence.grammar import (
    HEADER_PREFIX,
    AnchorLine,
    BuildEvidenceLine,
    BundleEnd,
    BundleHeader,
    CertifiedWriterLine,
    CheckpointLine,
    DisclosureLine,
    LogLine,
    ReferenceLine,
)
from attest.evidence.proof_file import read_proof_file
from attest.evidence.verify.entries import EntryParts
from attest.evidence.verify.lines import Line, Lines
from attest.provenance.containers.layout_document import read_layout_document
from attest.provenance.containers.several import members_of
from attest.provenance.containers.shape import Shape, payload_text, shape_of
from attest.signing.dsse import read_foreign_envelope
from attest.signing.keyfiles import parse_public
from attest.statement.attachments import read_attachments
from attest.statement.manifest import Entry, read_manifest
from attest.tlog.anchors import ANCHORS
from attest.tlog.anchors.anchor import Anchor, read_anchor
from attest.tlog.checkpoint import read_checkpoint_unverified
from attest.trust.document import TrustFile

HEADING: Final = "NOT VERIFIED: this is only what the file says (attest verify judges it)"

_WHERE: Final = "file"
_INDENT: Final = 2


def show(octets: bytes) -> Iterator[str]:
    """Yield the lines of text that show a document; raise `MalformedError` if it is none of ours.

    Evidence bundles, DSSE envelopes (references, receipts, build evidence), Sigstore bundles, files of npm and PyPI,
    lines of attestations, in-toto layouts with links, trust files, manifests, checkpoints, proofs, anchors and public
    keys. Nothing is verified: no signature, no digest, no time.
    """
    for name, render in _FORMATS:
        try:
            lines = list(render(octets))
        except AttestError:
            continue
        yield HEADING
        yield name
        yield from lines
        return
    expected = " or ".join(name for name, _ in _FORMATS)
    raise MalformedError(_WHERE, expected, "none of them")


def _show_bundle(octets: bytes) -> Iterator[str]:
    if not octets.startswith(HEADER_PREFIX):
        raise MalformedError(_WHERE, "a header line", "another")
    for line in Lines(octets.splitlines(keepends=True)):
        yield from _show_line(line)


def _show_line(line: Line) -> Iterator[str]:
    record = line.record
    number = f"{line.where:>12} "
    if isinstance(record, BundleHeader):
        yield f"{number} header      tier {record.tier}, logs {', '.join(map(printable, record.logs))}"
    elif isinstance(record, CertifiedWriterLine):
        yield f"{number} writer      key {record.keyid}, by an attestation of the job that made it"
        yield from _indented(_show_attestation(from_base64(record.attestation, where=line.where)), 10)
    elif isinstance(record, BuildEvidenceLine):
        yield f"{number} evidence    sha256:{record.digest}"
    elif isinstance(record, ReferenceLine):
        yield f"{number} reference   sha256:{record.digest}"
        yield from _indented(_payload(record.envelope.payload), 10)
    elif isinstance(record, LogLine):
        yield f"{number} log         {printable(record.origin)} from entry {record.size}"
    elif isinstance(record, EntryParts):
        entry = record.read(line.where).entry
        told = gist(record.envelope) if record.envelope is not None else ""
        yield f"{number} {entry.sequence:>6} {entry.time} {printable(entry.event)}  {told}".rstrip()
    elif isinstance(record, DisclosureLine):
        octets = from_base64(record.value, where=line.where)
        yield f"{number} disclosure  {len(octets)} bytes: {printable(octets.decode('utf-8', 'backslashreplace'))}"
    elif isinstance(record, CheckpointLine | AnchorLine):
        name = "anchor over" if isinstance(record, AnchorLine) else "checkpoint "
        yield f"{number} {name} {_checkpoint_text(record.note.encode())}{_stamped(record)}"
    elif isinstance(record, BundleEnd):
        yield f"{number} end         {record.lines} lines, sha256:{record.sha256}"


def _show_proof(octets: bytes) -> Iterator[str]:
    file = read_proof_file(octets, where=_WHERE)
    entry = file.entry
    yield f"entry           {entry.sequence} {entry.time} {printable(entry.event)}"
    if file.writer is not None:
        yield f"writer          key {file.writer.keyid}, by an attestation of the job that made it"
    if file.since is not None:
        yield f"extends         {file.since.size} entries, root {file.since.root}"
    yield f"checkpoint      {_checkpoint_text(file.proof.note)}"
    yield from _show_envelope(file.receipt)


def _show_attachments(octets: bytes) -> Iterator[str]:
    if not octets:
        raise MalformedError(_WHERE, "a piece of build evidence", "an empty file")
    for digest, piece in read_attachments(octets.splitlines(keepends=True), where=_WHERE).items():
        yield f"evidence        sha256:{digest}"
        for render in (_show_envelope, _show_attestations):
            with suppress(AttestError):
                yield from list(_indented(render(piece), _INDENT))
                break
        else:
            yield f"{' ' * _INDENT}{len(piece)} bytes of no form that is known here"


def _show_envelope(octets: bytes) -> Iterator[str]:
    envelope = read_foreign_envelope(octets, where=_WHERE)
    payload = from_base64(envelope.payload, where=_WHERE)
    yield f"payload type    {printable(envelope.payload_type)}"
    yield f"payload digest  sha256:{sha256_hex(payload)}"
    for signature in envelope.signatures:
        yield f"signature by    {printable(signature.keyid or '(no key id)')}"
    yield from _payload(payload)


def _show_attestations(octets: bytes) -> Iterator[str]:
    shape = shape_of(octets)
    if shape is None or shape is Shape.DSSE:
        raise MalformedError(_WHERE, "a file of attestations", "another")
    held = members_of(octets, shape, where=_WHERE)
    yield f"kind            {shape}"
    for member in held.members:
        if len(held.members) > 1:
            yield member.where
        yield from _show_attestation(member.octets)
    if held.ignored:
        yield f"ignored         {held.ignored} line(s) that are no attestation"


def _show_attestation(octets: bytes) -> Iterator[str]:
    outside = strict.parse(octets, where=_WHERE)
    for name in ("mediaType", "version"):
        if isinstance(outside, dict) and name in outside:
            yield f"form            {printable(str(outside[name]))}"
    if isinstance(outside, dict) and isinstance(outside.get("messageSignature"), dict):
        yield from _pretty(outside["messageSignature"])
        return
    payload = payload_text(octets)
    if payload is None:
        raise MalformedError(_WHERE, "a statement", "none")
    yield f"payload digest  sha256:{sha256_hex(payload)}"
    yield from _payload(payload)


def _payload(payload: bytes) -> Iterator[str]:
    yield from _pretty(_unfolded(strict.parse(payload, where=_WHERE)))


def _unfolded(statement: Any) -> Any:  # noqa: ANN401  (any JSON value)
    """Return a statement in which the JSON of somebody else's, text in tool rules, can be read: for the eye alone."""
    match statement:
        case {"predicate": {"tools": {"definitions": list() as definitions, "tools": list() as rules}}}:
            for field, group in (("text", definitions), ("arguments", rules)):
                for each in group:
                    if isinstance(each, dict) and isinstance(each.get(field), str):
                        with suppress(MalformedError):
                            each[field] = strict.parse(each[field].encode("utf-8", "replace"), where=_WHERE)
        case _:
            pass
    return statement


def _show_layout(octets: bytes) -> Iterator[str]:
    from attest.provenance.layouts.metadata import read_metadata

    document = read_layout_document(octets, where=_WHERE)
    for piece in (document.layout, *document.links):
        metadata = read_metadata(piece, where=_WHERE)
        yield f"{metadata.kind:<15} sha256:{sha256_hex(piece)}"
        for keyid, _ in metadata.signatures:
            yield f"signature by    {printable(keyid or '(no key id)')}"
        yield from _pretty(metadata.said)


def _show_trust(octets: bytes) -> Iterator[str]:
    yield f"digest          sha256:{sha256_hex(octets)}"
    yield from _pretty(msgspec.to_builtins(strict.read_edited(octets, TrustFile, where=_WHERE)))


def _show_manifest(octets: bytes) -> Iterator[str]:
    header, entries = read_manifest(octets.splitlines(keepends=True), where=_WHERE)
    yield f"digest          sha256:{sha256_hex(octets)}"
    for root in header.roots:
        mutable = f", mutable {', '.join(root.mutable)}" if root.mutable else ""
        absent = f", nothing at {', '.join(root.absent)}" if root.absent else ""
        yield f"root            {root.name} ({root.scope}{printable(mutable + absent)})"
    for entry in entries:
        yield f"{entry.origin:<8} {entry.root}/{printable(entry.path)}  {_content(entry)}"


def _content(entry: Entry) -> str:
    if entry.rule is not None:
        return f"by rule {entry.rule}"
    return f"-> {printable(entry.target)}" if entry.target is not None else f"sha256:{entry.sha256}"


def _show_anchor(octets: bytes) -> Iterator[str]:
    anchor = read_anchor(octets, where=_WHERE)
    yield f"{_checkpoint_text(anchor.note.encode())}{_stamped(anchor)}"


def _stamped(record: CheckpointLine | AnchorLine | Anchor) -> str:
    """Tell what an anchor says of when its checkpoint existed, as far as it can be read."""
    if isinstance(record, CheckpointLine):
        return ""
    at = "no time that can be read"
    with suppress(AttestError):
        answer = from_base64(record.answer, where=_WHERE)
        at = instant.text(ANCHORS[record.method].claimed(record.note.encode(), answer, _WHERE))
    return f", {record.method}: {at}"


def _show_checkpoint(octets: bytes) -> Iterator[str]:
    yield _checkpoint_text(octets)


def _checkpoint_text(note: bytes) -> str:
    checkpoint = read_checkpoint_unverified(note, where=_WHERE)
    return f"{printable(checkpoint.origin)}, {checkpoint.size} entries, root {checkpoint.root.hex()}"


def _show_key(octets: bytes) -> Iterator[str]:
    key = parse_public(octets, where=_WHERE)
    yield f"algorithm       {key.algorithm.name}"
    yield f"key id          {key.keyid}"


def _pretty(value: Any) -> Iterator[str]:  # noqa: ANN401  (any JSON value)
    octets = msgspec.json.format(msgspec.json.encode(value), indent=_INDENT)
    yield from (printable(line) for line in octets.decode().split("\n"))


def _indented(lines: Iterator[str], columns: int) -> Iterator[str]:
    yield from (" " * columns + line for line in lines)


_FORMATS: Final[tuple[tuple[str, Callable[[bytes], Iterator[str]]], ...]] = (
    ("evidence bundle", _show_bundle),
    ("DSSE envelope", _show_envelope),
    ("in-toto layout with links", _show_layout),
    ("build evidence", _show_attestations),
    ("trust file", _show_trust),
    ("manifest", _show_manifest),
    ("build evidence beside a reference", _show_attachments),
    ("receipt with the proof of its place", _show_proof),
    ("anchor", _show_anchor),
    ("checkpoint", _show_checkpoint),
    ("public key", _show_key),
)
"""The first that can read the bytes shows them."""
