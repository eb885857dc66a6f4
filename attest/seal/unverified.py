"""A reference with its manifest as the two lie on disk: for comparing and showing, never for deciding."""

from __future__ import annotations

from pathlib import Path

from attest.codec.files import read_file
from attest.codec.octets import sha256_hex
from attest.errors import UntrustedError
from attest.seal.differences import Side
from attest.signing.dsse import payload_of, read_envelope
from attest.statement.companions import manifest_path
from attest.statement.manifest import read_manifest
from attest.statement.predicates.runtime_reference import PREDICATE_TYPE, RuntimeReference
from attest.statement.statement import payload_digest, read_statement
from attest.tlog.documents import MAX_DOCUMENT_BYTES


def read_unverified(path: Path) -> Side:
    """Read REF and REF.manifest.jsonl; WITHOUT checking who signed.

    Raises `MalformedError` for their form, `UntrustedError` for a manifest that is not the one the reference names,
    `UnavailableError` for a file that cannot be read.
    """
    envelope = read_file(path)
    return read_side(envelope, read_file(manifest_path(path), max_bytes=MAX_DOCUMENT_BYTES), where=str(path))


def read_side(envelope: bytes, manifest: bytes, *, where: str) -> Side:
    """Read a reference and its manifest from bytes; see `read_unverified`."""
    opened = read_envelope(envelope, where=where)
    payload = payload_of(opened, where=where)
    reference = read_statement(payload, PREDICATE_TYPE, RuntimeReference, where=where).predicate
    beside = str(manifest_path(Path(where)))
    if sha256_hex(manifest) != reference.manifest.digest.sha256:
        raise UntrustedError(
            beside, f"the manifest with sha256 {reference.manifest.digest.sha256}", sha256_hex(manifest)
        )
    header, entries = read_manifest(manifest.splitlines(keepends=True), where=beside)
    return Side(
        digest=payload_digest(opened, where=where),
        reference=reference,
        artifacts=header.artifacts,
        roots=header.roots,
        entries=entries,
    )
