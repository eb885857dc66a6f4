"""A reference with its manifest as the two lie on disk: for comparing and showing, never for deciding."""

from __future__ import annotations

from pathlib import Path

from attest.codec.files import read_file
from attest.codec.octets import sha256_hex
from attest.errors import UntrustedError
from attest.seal.comparing import Side
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
    envelope = read_envelope(read_file(path), where=str(path))
    payload = payload_of(envelope, where=str(path))
    reference = read_statement(payload, PREDICATE_TYPE, RuntimeReference, where=str(path)).predicate
    beside = manifest_path(path)
    manifest = read_file(beside, max_bytes=MAX_DOCUMENT_BYTES)
    if sha256_hex(manifest) != reference.manifest.digest.sha256:
        raise UntrustedError(
            str(beside), f"the manifest with sha256 {reference.manifest.digest.sha256}", sha256_hex(manifest)
        )
    header, entries = read_manifest(manifest.splitlines(keepends=True), where=str(beside))
    return Side(
        digest=payload_digest(envelope, where=str(path)),
        reference=reference,
        artifacts=header.artifacts,
        entries=entries,
    )
