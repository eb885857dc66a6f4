"""What the agent's own log tells of the time before this start: a restart renews nothing.

The writer's signature is checked on every receipt that something is concluded from. Whoever can change the log's file
and still sign is the agent itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from attest.codec import instant
from attest.errors import MalformedError, UntrustedError
from attest.measure.process import ProcessHandle
from attest.recorder import open_receipt
from attest.signing.dsse import read_envelope
from attest.signing.keyring import KeyRing
from attest.signing.keys import PublicKey
from attest.statement.parents import claimed_parent
from attest.statement.predicates.runtime_event import RuntimeEvent
from attest.statement.predicates.runtime_measurement import RuntimeMeasurement
from attest.statement.predicates.runtime_reference import PREDICATE_TYPE, RuntimeReference
from attest.statement.receipt import ReceiptHeader
from attest.statement.statement import open_statement
from attest.tlog.documents import Documents
from attest.tlog.landmarks import Landmark
from attest.tlog.stores import SQLITE
from attest.tlog.stores.shortening import KEPT
from attest.tlog.stores.sqlite import SqliteReader
from attest.trust.role import Role
from attest.trust.trust import Trust


@dataclass(frozen=True, kw_only=True)
class ClockReading:
    """Real time and the time since boot, read together; milliseconds."""

    real: int
    boot: int
    boot_id: str

    @property
    def offset(self) -> int:
        """How far real time is ahead."""
        return self.real - self.boot


@dataclass(frozen=True, kw_only=True)
class History:
    """When references were first used, and the last reading of the clocks."""

    first_used: dict[str, int]
    last: ClockReading | None
    matched: str | None
    """The reference by which the process was last measured, if it matched then."""


def read_history(log: Path, key: PublicKey, digests: Iterable[str], process: ProcessHandle | None) -> History:
    """Read what the log in folder `log` tells about the references of these digests, and about a process.

    Whoever used a sub-mandate used its parents. Raises `MalformedError` or `UntrustedError` if a receipt in it is not
    what it has to be.
    """
    ring = KeyRing(role=Role.WRITER.value, keys=(key,))
    kept = set(Documents(log).digests("reference"))
    # What was never kept beside the log was never used in it.
    wanted = {digest for digest in digests if digest in kept}
    parents = _parents(Documents(log), kept) if wanted else {}
    first_used: dict[str, int] = {}
    last = None
    reader = SQLITE.open_reader(log)
    try:
        for row in reader.landmarks(Landmark.RUN) if wanted else ():
            said = open_receipt(row, reader, ring)
            if isinstance(said, RuntimeEvent):
                for digest in wanted.intersection(_with_parents(said.event.references, parents)):
                    first_used[digest] = instant.parse(said.receipt.real_time)
                wanted -= set(first_used)
            if not wanted:
                break
        for row in reader.rows(max(0, reader.size - 1), reader.size):
            header: ReceiptHeader = open_receipt(row, reader, ring).receipt  # type: ignore[attr-defined]  # every receipt has one
            last = ClockReading(
                real=instant.parse(header.real_time), boot=header.boot_time_milliseconds, boot_id=header.boot_id
            )
        matched = None if process is None else _newest_match(reader, ring, process)
    finally:
        reader.close()
    return History(first_used=first_used, last=last, matched=matched)


def _parents(documents: Documents, kept: Iterable[str]) -> dict[str, str]:
    """Return what the sub-mandates beside a log were derived from, as each says: who used one used its parents."""
    found = dict[str, str]()
    for digest in kept:
        where = f"reference {digest}"
        try:
            parent = claimed_parent(read_envelope(documents.get("reference", digest), where=where), where=where)
        except MalformedError:
            continue
        if parent is not None:
            found[digest] = parent
    return found


def _with_parents(references: Iterable[str], parents: Mapping[str, str]) -> set[str]:
    found = set[str]()
    for each in references:
        one: str | None = each
        while one is not None and one not in found:
            found.add(one)
            one = parents.get(one)
    return found


def highest_sequences(log: Path, trust: Trust) -> dict[str, int]:
    """Return the highest sequence of each server name among the references that are kept beside the log.

    The agent keeps those that it starts with. One that no trusted sealer signed tells nothing.
    """
    documents, highest = Documents(log), dict[str, int]()
    for digest in documents.digests("reference"):
        try:
            envelope = read_envelope(documents.get("reference", digest), where=f"reference {digest}")
            said = open_statement(
                envelope, trust.ring(Role.SEALER), PREDICATE_TYPE, RuntimeReference, where=f"reference {digest}"
            ).value.predicate
        except (MalformedError, UntrustedError):
            continue
        highest[said.server.name] = max(said.validity.sequence, highest.get(said.server.name, 0))
    return highest


def _newest_match(reader: SqliteReader, ring: KeyRing, process: ProcessHandle) -> str | None:
    """Return the reference of the newest measurement of this very process; none if it lies too far back.

    An agent that was stopped for long has measured others since, or this process under the same reference.
    """
    found = None
    for row in reader.rows(max(reader.first, reader.size - KEPT), reader.size):
        said = open_receipt(row, reader, ring)
        if not isinstance(said, RuntimeMeasurement) or said.receipt.boot_id != process.boot_id:
            continue
        measured = said.measured.coverage.process
        if measured is not None and (measured.pid, measured.start_time_ticks) == (
            process.pid,
            process.start_time_ticks,
        ):
            found = said.receipt.reference
    return found
