"""Receipts, logs and evidence bundles of any size, made by the program's own writers, in a folder that is thrown away.

Server, reference and keys are those of `tests.documents`. A measurement every 100 ms: the largest log covers hours.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from attest.codec.clock import Clock
from attest.codec.files import write_file
from attest.codec.octets import sha256_hex
from attest.codec.records import Record
from attest.evidence.bundle import EVIDENCE_KIND, REFERENCE_KIND, LogSource, write_bundle
from attest.recorder import Draft, Emitter
from attest.statement.digests import Subject
from attest.statement.levels import Binding, Isolation
from attest.statement.predicates import runtime_event, runtime_measurement
from attest.statement.predicates.runtime_event import RuntimeEvent
from attest.statement.predicates.runtime_measurement import RuntimeMeasurement
from attest.statement.receipt import ReceiptHeader
from attest.statement.statement import findings_subject
from attest.tlog.documents import Documents
from attest.tlog.head import Head
from attest.tlog.stores import SQLITE
from attest.tlog.stores.row import NewRow
from attest.tlog.stores.sqlite import SqliteReader
from attest.tlog.tail import read_tail
from tests.documents import PROVENANCE, REFERENCE_DIGEST, REFERENCE_ENVELOPE, SBOM, SUBJECTS, TRUST
from tests.log_documents import RUN, START, measured
from tests.world import NOW, WRITER

STEP_MILLISECONDS: Final = 100
"""Between two measurements of a made log; one of them takes 200, which nobody minds."""

_BATCH: Final = 1024
"""Entries in a commit of a made log."""


def measurement(*, time: int | None, seconds: float) -> Draft:
    """Return the draft of a measurement that began `seconds` after noon; without `time`, recorded as of now."""
    said = measured(seconds=seconds)

    def make(header: ReceiptHeader) -> tuple[Record, tuple[Subject, ...]]:
        return RuntimeMeasurement(receipt=header, measured=said), SUBJECTS

    return _draft(runtime_measurement.PREDICATE_TYPE, make, time)


def start(*, time: int) -> Draft:
    """Return the draft of the event that begins a run."""

    def make(header: ReceiptHeader) -> tuple[Record, tuple[Subject, ...]]:
        return RuntimeEvent(receipt=header, event=START), findings_subject(START, name="event")

    return _draft(runtime_event.PREDICATE_TYPE, make, time)


def emitter(log: SqliteReader) -> Emitter:
    """Return an emitter at the head of a log; what it emits is kept nowhere."""
    head = Head(log.origin, read_tail(log, WRITER.public))
    return Emitter(WRITER, Clock(real=lambda: NOW, boot=lambda: 86_400_000, boot_id="the only boot"), head, RUN)


def rows(size: int, emitting: Emitter) -> Iterator[NewRow]:
    """Yield the rows of a log: a run that began at noon and goes on, a measurement each step."""
    yield emitting.emit(start(time=NOW))[0]
    for at in range(1, size):
        now = at * STEP_MILLISECONDS
        yield emitting.emit(measurement(time=NOW + now + 200, seconds=now / 1000))[0]


def end_of(size: int) -> int:
    """Return the time (milliseconds since 1970) a second after the last entry of a made log."""
    return NOW + size * STEP_MILLISECONDS + 1000


@dataclass(frozen=True, kw_only=True)
class Material:
    """What was made so far, in `folder`; each size once."""

    folder: Path
    _logs: dict[int, Path] = field(default_factory=dict)
    _bundles: dict[int, Path] = field(default_factory=dict)

    def trust(self) -> Path:
        """Return a trust file that trusts the sealer and the writer of everything here."""
        path = self.folder / "trust.json"
        if not path.exists():
            write_file(path, [TRUST])
        return path

    def log(self, size: int) -> Path:
        """Return the folder of a log of `size` entries, under one checkpoint."""
        if size not in self._logs:
            self._logs[size] = self.folder / f"log-{size}"
            _write_log(self._logs[size], size)
        return self._logs[size]

    def bundle(self, size: int) -> Path:
        """Return the evidence bundle of such a log."""
        if size not in self._bundles:
            path = self.folder / f"evidence-{size}.jsonl"
            with path.open("wb") as file:
                file.writelines(write_bundle([source(self.log(size))]))
            self._bundles[size] = path
        return self._bundles[size]


def source(log: Path) -> LogSource:
    """Open a log for export."""
    return LogSource(reader=SQLITE.open_reader(log), documents=Documents(log))


def _write_log(folder: Path, size: int) -> None:
    store = SQLITE.create_or_open_writer(folder)
    try:
        emitting = emitter(store.log)
        batch: list[NewRow] = []
        for number, row in enumerate(rows(size, emitting), 1):
            batch.append(row)
            if len(batch) == _BATCH or number == size:
                note = emitting.head.sign(WRITER) if number == size else None
                store.append(number - len(batch), batch, note)
                batch = []
    finally:
        store.close()
    documents = Documents(folder)
    documents.put(REFERENCE_KIND, REFERENCE_DIGEST, REFERENCE_ENVELOPE)
    for piece in (PROVENANCE, SBOM):
        documents.put(EVIDENCE_KIND, sha256_hex(piece), piece)


def _draft(predicate_type: str, make: object, time: int | None) -> Draft:
    return Draft(
        predicate_type=predicate_type,
        make=make,  # type: ignore[arg-type]  # either of the two above
        reference=REFERENCE_DIGEST,
        isolation=Isolation.OTHER_UID,
        binding=Binding.LAUNCHED,
        time=time,
    )
