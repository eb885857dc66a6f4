"""The only writer: a draft becomes a signed receipt and a log entry, on disk before anybody is told.

Why: what was acted upon must be provable, and what was not recorded must not be reported. Always: one thread at a time
signs, appends and flushes, in batches, so that one caller and a thousand use the same path; nobody is told of an entry
before it is durable. Never: a receipt acknowledged and lost, a further one after a store error, a head that shrinks.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self, final

import msgspec

from attest.codec import canonical, instant
from attest.codec.clock import Clock
from attest.codec.records import Record
from attest.errors import AttestError, MalformedError, RefusedError, UntrustedError
from attest.signing.dsse import read_envelope, sign_to_octets
from attest.signing.keyring import KeyRing
from attest.signing.keys import PrivateKey, PublicKey
from attest.statement.digests import Subject
from attest.statement.levels import Binding, Isolation
from attest.statement.predicates import RECEIPTS, short_name
from attest.statement.predicates.runtime_event import EventKind, RuntimeEvent
from attest.statement.proofreading import Proofreader
from attest.statement.receipt import ReceiptHeader
from attest.statement.statement import make_statement, open_statement, predicate_type_of
from attest.tlog.batches import OpenedLog
from attest.tlog.checkpoint import Checkpoint
from attest.tlog.committer import Committer
from attest.tlog.entry import read_entry
from attest.tlog.head import Head
from attest.tlog.landmarks import Landmark
from attest.tlog.pin import check_pinned
from attest.tlog.stores import SQLITE
from attest.tlog.stores.row import NewRow, Row
from attest.tlog.stores.sqlite import SqliteReader
from attest.tlog.tail import NEW_LOG_HINT, Tail, read_tail

MAX_RECEIPT_BYTES: Final = 15 * 1024 * 1024
"""A receipt and its entry have to fit into one line of an evidence bundle, which may have 16 MiB."""

_RANDOM_BYTES: Final = 16


_LANDMARKS: Final = {
    EventKind.START: Landmark.RUN,
    EventKind.RESUME: Landmark.RUN,
    EventKind.RELOAD: Landmark.RUN,
    EventKind.STOP: Landmark.RUN,
    EventKind.ACTION_INTENDED: Landmark.ACTION,
    EventKind.ACTION_TAKEN: Landmark.ACTION,
    EventKind.SAFE_STATE: Landmark.SAFE_STATE,
}


_EVENTS: Final = {name: short_name(name) for name in RECEIPTS}
_SHA256: Final = re.compile("[0-9a-f]{64}")


class Draft(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What to record. `make` gets the header and returns the predicate that carries it, and the statement's subjects.

    `make` runs in whichever thread is writing: it must be quick, and may not record itself. `time` is in milliseconds
    since 1970, None for now.
    """

    predicate_type: str
    make: Callable[[ReceiptHeader], tuple[Record, tuple[Subject, ...]]]
    isolation: Isolation
    binding: Binding
    time: int | None = None
    reference: str | None = None

    def __post_init__(self) -> None:
        """Refuse what would make a header that nobody could read back."""
        if self.reference is not None and not _SHA256.fullmatch(self.reference):
            raise MalformedError("draft", "the SHA-256 of a RuntimeReference", ascii(self.reference[:80]))


class Recorded(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is in the log now: the entry's bytes, the receipt's envelope, and the SHA-256 of the latter."""

    sequence: int
    entry: bytes
    receipt: bytes
    digest: str


@dataclass(frozen=True, kw_only=True)
class Interruption:
    """The last run in this log began and never stopped: which one, its session, and how many entries were found."""

    run: str | None
    session_id: str
    entries_found: int


@final
class Emitter:
    """Drafts into signed receipts and linked rows, one after the other; in memory, no disk."""

    __slots__ = ("_clock", "_key", "_proofreader", "head", "newest", "session_id")

    def __init__(self, key: PrivateKey, clock: Clock, head: Head, session_id: str) -> None:
        """Write receipts of `session_id` at `head`."""
        self._key = key
        self._clock = clock
        self._proofreader = Proofreader()
        self.head: Final = head
        self.session_id: Final = session_id
        self.newest: Final[dict[str, int]] = {}
        """Where the newest receipt of each predicate type stands that was made in here."""

    def emit(self, draft: Draft) -> tuple[NewRow, Recorded]:
        """Make the next receipt and its row. Whatever raises in here leaves everything as it was."""
        sequence = self.head.size
        event = _EVENTS.get(draft.predicate_type)
        if event is None:
            raise MalformedError("draft", "the predicate type of a receipt", draft.predicate_type)
        time = instant.text(self._clock.real() if draft.time is None else draft.time)
        header = self._header(draft, time, sequence)
        predicate, subjects = draft.make(header)
        if getattr(predicate, "receipt", None) is not header:
            raise MalformedError("draft", "the header that was given to it", "another")
        payload = canonical.encode(make_statement(draft.predicate_type, predicate, subjects))
        self._proofreader.read(draft.predicate_type, payload)
        receipt = sign_to_octets(payload, self._key)
        if len(receipt) > MAX_RECEIPT_BYTES:
            raise MalformedError("draft", f"a receipt of at most {MAX_RECEIPT_BYTES} bytes", f"{len(receipt)}")
        kind = predicate.event.kind if isinstance(predicate, RuntimeEvent) else None
        landmark = Landmark.NONE if kind is None else _LANDMARKS.get(kind, Landmark.NONE)
        row = self.head.link(event=event, time=time, receipt=receipt, landmark=landmark)
        self.newest[draft.predicate_type] = sequence
        return row, Recorded(sequence=sequence, entry=row.entry, receipt=receipt, digest=row.commitment)

    def _header(self, draft: Draft, time: str, sequence: int) -> ReceiptHeader:
        return ReceiptHeader(
            nonce=os.urandom(_RANDOM_BYTES).hex(),
            log_origin=self.head.origin,
            session_id=self.session_id,
            sequence=sequence,
            previous=self.head.previous,
            reference=draft.reference,
            writer=self._key.keyid,
            isolation=draft.isolation,
            binding=draft.binding,
            real_time=time,
            boot_time_milliseconds=self._clock.boot(),
            boot_id=self._clock.boot_id,
        )


@final
class Recorder:
    """The handle by which any number of threads record into one log; made by `open_recorder`."""

    def __init__(self, committer: Committer[Recorded], emitter: Emitter, interrupted: Interruption | None) -> None:
        """Take a running committer."""
        self._committer = committer
        self._emitter = emitter
        self.origin: Final = emitter.head.origin
        self.session_id: Final = emitter.session_id
        self.interrupted: Final = interrupted
        """What the last run left behind if it was cut short: record a `resume` before anything else."""

    @property
    def size(self) -> int:
        """The number of entries on disk."""
        return self._committer.size

    def newest(self, predicate_type: str) -> int | None:
        """Return where the newest receipt of a type stands that was made since this was opened; None if there is none.

        In a draft's `make` it is exact: whatever comes before that receipt is counted, and nothing else.
        """
        return self._emitter.newest.get(predicate_type)

    @property
    def latest(self) -> int | None:
        """The time of the last entry, milliseconds since 1970: nothing earlier is recorded. None without an entry."""
        time = self._emitter.head.time
        return instant.parse(time) if time else None

    def submit(self, draft: Draft) -> Future[Recorded]:
        """Have `draft` recorded, after everything submitted before; the future resolves once it is on disk.

        It fails with what `draft.make` raised, `MalformedError` for a predicate that nobody could read back, or
        `RefusedError` for a time before the last entry's: then nothing was recorded and the recorder goes on. With
        `UnavailableError` the log did not take it: it may or may not be there at the next start, and all later ones
        fail too.
        """
        return self._committer.append(functools.partial(self._emitter.emit, draft))

    def record(self, draft: Draft) -> Recorded:
        """Do as `submit` does and return once it is on disk, or raise: quicker for a caller who would only wait.

        Where nobody else is recording, `draft` is signed and flushed in the caller's own thread. An interrupt in the
        midst of that (`KeyboardInterrupt`) leaves a recorder that takes nothing more; the next start goes on.
        """
        return self._committer.append_and_wait(functools.partial(self._emitter.emit, draft))

    def record_all(self, drafts: Sequence[Draft]) -> list[Recorded | AttestError]:
        """Do as `record` does, for several that share a flush; return what became of each, in their order.

        One that fails as `submit` says fails alone.
        """
        makes = [functools.partial(self._emitter.emit, each) for each in drafts]
        return [_ours(each) for each in self._committer.append_all_and_wait(makes)]

    def checkpoint(self) -> Future[bytes]:
        """Have all entries, also those submitted before, covered by a checkpoint; resolves once the note is on disk.

        Without being asked, one is made at most a second after an entry.
        """
        return self._committer.checkpoint()

    def close(self) -> None:
        """Finish what was submitted and release the log; signs nothing by itself."""
        self._committer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _ours(came: Recorded | BaseException) -> Recorded | AttestError:
    if isinstance(came, Recorded | AttestError):
        return came
    raise came


def open_recorder(
    directory: Path, key: PrivateKey, *, clock: Clock, pinned: Checkpoint | None, session_id: str | None = None
) -> Recorder:
    """Open the log in `directory`, or begin one, and make sure that it is whole before anything is built upon it.

    The session id is `session_id`, else that of the run which was cut short, else 128 new random bits. `pinned` is a
    checkpoint kept outside the folder. Raises `RefusedError` (another writer at work, fewer entries or another root
    than `pinned` says, a tail that cannot be read), `UntrustedError` (the log of another key), `UnavailableError`,
    `MalformedError`.
    """
    store = SQLITE.create_or_open_writer(directory)
    try:
        if pinned is not None:
            check_pinned(store.log, pinned)
        tail = read_tail(store.log, key.public)
        head = Head(store.log.origin, tail)
        interrupted = _read_history(store.log, tail, key.public)
        committer = Committer[Recorded](OpenedLog(store=store, head=head, tail=tail), key, clock)
    except BaseException:
        store.close()
        raise
    session = session_id or (interrupted.session_id if interrupted else os.urandom(_RANDOM_BYTES).hex())
    return Recorder(committer, Emitter(key, clock, head, session), interrupted)


def _read_history(log: SqliteReader, tail: Tail, key: PublicKey) -> Interruption | None:
    """Check who signed the receipts that no checkpoint covers yet, and find out whether the last run was cut short."""
    ring = KeyRing(role="writer", keys=(key,))
    try:
        for row in log.rows(tail.covered, log.size):
            open_receipt(row, log, ring)
        landmark = next(log.newest_landmarks(Landmark.RUN), None)
        predicate = None if landmark is None else open_receipt(landmark, log, ring)
    except (MalformedError, UntrustedError) as error:
        raise RefusedError(error.where, error.expected, error.found, hint=NEW_LOG_HINT) from error
    if not isinstance(predicate, RuntimeEvent) or predicate.event.kind is EventKind.STOP:
        return None
    return Interruption(run=predicate.event.run, session_id=predicate.receipt.session_id, entries_found=log.size)


def open_receipt(row: Row, log: SqliteReader, ring: KeyRing) -> Record:
    """Return what a receipt says, if one of the ring's keys signed it for this very place in this log.

    Raises `MalformedError` or `UntrustedError`.
    """
    where = f"{log.where}: receipt {row.sequence}"
    envelope, entry = read_envelope(row.receipt, where=where), read_entry(row.entry, where=where)
    name = predicate_type_of(envelope, where=where)
    kind = RECEIPTS.get(name)
    if kind is None:
        raise MalformedError(where, "the predicate type of a receipt", ascii(name[:80]))
    predicate = open_statement(envelope, ring, name, kind, where=where).value.predicate
    header: ReceiptHeader = predicate.receipt  # type: ignore[attr-defined]  # every row of RECEIPTS has one
    expected = (log.origin, row.sequence, entry.previous, entry.time, entry.event)
    if (header.log_origin, header.sequence, header.previous, header.real_time, short_name(name)) != expected:
        raise MalformedError(where, "a receipt that was made for its entry", "another")
    return predicate
