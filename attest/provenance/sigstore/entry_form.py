"""The form of a log entry in a bundle (`TransparencyLogEntry`), and in PyPI's attestations, which hold the same."""

from typing import Annotated, Final

import msgspec

from attest.errors import MalformedError
from attest.provenance.sigstore.bundle import InclusionProof, LogEntry
from attest.provenance.sigstore.wire import LogId, Number, Wire, number, octets

MAX_ENTRIES: Final = 32
MAX_PROOF_HASHES: Final = 64
"""A tree of 2**64 leaves is no deeper."""


class _KindVersion(Wire, kw_only=True):
    kind: str
    version: str


class _Promise(Wire, kw_only=True):
    signed_entry_timestamp: str


class _Checkpoint(Wire, kw_only=True):
    envelope: str


class _Proof(Wire, kw_only=True):
    log_index: Number = 0
    root_hash: str
    tree_size: Number
    hashes: Annotated[tuple[str, ...], msgspec.Meta(max_length=MAX_PROOF_HASHES)] = ()
    checkpoint: _Checkpoint | None = None


class WireEntry(Wire, kw_only=True):
    """A `TransparencyLogEntry`."""

    log_index: Number = 0
    log_id: LogId
    kind_version: _KindVersion
    canonicalized_body: str
    integrated_time: Number | None = None
    inclusion_promise: _Promise | None = None
    inclusion_proof: _Proof | None = None


def read_entries(written: tuple[WireEntry, ...], where: str) -> tuple[LogEntry, ...]:
    """Read log entries; a bundle has at least one, and none twice."""
    if not 1 <= len(written) <= MAX_ENTRIES:
        raise MalformedError(where, f"1 to {MAX_ENTRIES} log entries", str(len(written)), check="authenticity.log")
    entries = tuple([_entry(each, f"{where}[{place}]") for place, each in enumerate(written)])
    if len({(entry.log_id, entry.index) for entry in entries}) != len(entries):
        raise MalformedError(where, "log entries that differ", "one of them twice", check="authenticity.log")
    return entries


def _entry(wire: WireEntry, where: str) -> LogEntry:
    promise, proof = wire.inclusion_promise, wire.inclusion_proof
    time = wire.integrated_time
    return LogEntry(
        where=where,
        log_id=octets(wire.log_id.key_id, f"{where}: logId"),
        index=number(wire.log_index, f"{where}: logIndex"),
        kind=wire.kind_version.kind,
        version=wire.kind_version.version,
        body=octets(wire.canonicalized_body, f"{where}: canonicalizedBody"),
        integrated_time=None if time is None else number(time, f"{where}: integratedTime"),
        signed_timestamp=None if promise is None else octets(promise.signed_entry_timestamp, f"{where}: promise"),
        proof=None if proof is None else _inclusion_proof(proof, f"{where}: inclusionProof"),
    )


def _inclusion_proof(wire: _Proof, where: str) -> InclusionProof:
    return InclusionProof(
        index=number(wire.log_index, f"{where}: logIndex"),
        size=number(wire.tree_size, f"{where}: treeSize"),
        root=octets(wire.root_hash, f"{where}: rootHash"),
        hashes=tuple([octets(each, f"{where}: hashes") for each in wire.hashes]),
        checkpoint=None if wire.checkpoint is None else wire.checkpoint.envelope.encode("utf-8"),
    )
