"""Whether a log of the trusted root holds an entry: its timestamp (SET), or an inclusion proof up to its checkpoint."""

from __future__ import annotations

import msgspec

from attest.codec import instant
from attest.errors import MalformedError, UntrustedError
from attest.provenance.sigstore.bundle import InclusionProof, LogEntry
from attest.signing.rekor import LOG_CHECK, RekorLog, check_entry_timestamp, open_log_checkpoint
from attest.signing.timestamps import TIME_CHECK
from attest.tlog.merkle import leaf_hash, verify_inclusion

_MILLISECONDS = 1000
_LAST_SECOND = 253_402_300_799
"""9999-12-31T23:59:59Z."""


class HeldEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry that a log of the root holds; `at` is the time that it promised (milliseconds since 1970), or None."""

    entry: LogEntry
    logs: tuple[RekorLog, ...]
    at: int | None
    proven: bool


def check_entry(entry: LogEntry, version: str, logs: tuple[RekorLog, ...]) -> HeldEntry:
    """Check one entry as its bundle's version demands.

    0.1: the signed timestamp; a proof counts only together with a checkpoint. 0.2 and 0.3: the proof and the
    checkpoint; a timestamp, if there is one, has to hold too. Raises `UntrustedError` or `MalformedError`.
    """
    named = tuple([log for log in logs if log.log_id == entry.log_id])
    if not named:
        found = f"log {entry.log_id.hex()[:32]}"
        raise UntrustedError(entry.where, "a log of the trusted root", found, check=LOG_CHECK)
    at = _check_promise(entry, named[0]) if entry.signed_timestamp is not None else None
    if version == "0.1" and at is None:
        raise UntrustedError(entry.where, "a signed entry timestamp, in version 0.1", "none", check=LOG_CHECK)
    proof = entry.proof
    if proof is not None and proof.checkpoint is not None:
        _check_proof(entry, proof, proof.checkpoint, named[0])
    elif version != "0.1":
        raise UntrustedError(entry.where, "an inclusion proof with a checkpoint", "none", check=LOG_CHECK)
    return HeldEntry(entry=entry, logs=named, at=at, proven=proof is not None and proof.checkpoint is not None)


def check_windows(held: HeldEntry, times: tuple[int, ...]) -> None:
    """Refuse an entry of a log that was not to be believed at the time it promised, or else at any proven time."""
    for at in times if held.at is None else (held.at,):
        if not any(log.window.covers(at) for log in held.logs):
            expected = f"a time inside the validity of {held.logs[0].name}"
            raise UntrustedError(held.entry.where, expected, instant.text(at), check=TIME_CHECK)


def _check_promise(entry: LogEntry, log: RekorLog) -> int:
    time = entry.integrated_time
    if time is None or not 0 < time <= _LAST_SECOND or entry.signed_timestamp is None:
        raise MalformedError(entry.where, "an integrated time with the entry timestamp", str(time), check=LOG_CHECK)
    check_entry_timestamp(
        log,
        body=entry.body,
        integrated_time=time,
        log_index=entry.index,
        signature=entry.signed_timestamp,
        where=f"{entry.where}: inclusionPromise",
    )
    return time * _MILLISECONDS


def _check_proof(entry: LogEntry, proof: InclusionProof, note: bytes, log: RekorLog) -> None:
    where = f"{entry.where}: inclusionProof"
    checkpoint = open_log_checkpoint(note, log, where=f"{where}: checkpoint")
    if (checkpoint.size, checkpoint.root) != (proof.size, proof.root):
        expected = f"the checkpoint's tree of {checkpoint.size} entries"
        raise UntrustedError(where, expected, f"another one, of {proof.size}", check=LOG_CHECK)
    # The index here is the shard's own; the entry's index counts over all shards of a log.
    if not verify_inclusion(leaf_hash(entry.body), proof.index, checkpoint.size, proof.hashes, checkpoint.root):
        raise UntrustedError(where, "a proof that leads to the checkpoint", "another one", check=LOG_CHECK)
