"""Close a log's beginning: export it as a segment, verify what was written, and only then take it out of the log.

1. Nobody else writes the log, and nobody can until this ends.
2. Its last run ended with a stop, and the newest checkpoint covers every entry.
3. The segment is written under a new name, and is on disk.
4. It is read back and verified like anybody's evidence: whole, signed by the log's writer, from where the segment
   before it ended (or the first entry) up to that very checkpoint. What was measured and decided is not judged: a log
   with violations is closed like any other.
5. The log is shortened, in one step. What was decided about calls stays as long as it may count (`carrying`).

A crash before step 5 leaves a log as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from attest.codec.files import write_file
from attest.errors import RefusedError
from attest.evidence.bundle import LogSource, write_bundle
from attest.evidence.carrying import still_counting
from attest.evidence.disclosing import Kept
from attest.evidence.grammar import Tier
from attest.evidence.packing import packing_for
from attest.evidence.reading import read_lines
from attest.evidence.verdict import Axis, CheckResult, End, Status, Verdict
from attest.evidence.verify.file import verify_file
from attest.evidence.verify.opening import Spread
from attest.evidence.verify.question import Question
from attest.tlog.checkpoint import Checkpoint, read_checkpoint_unverified
from attest.tlog.documents import Documents
from attest.tlog.landmarks import Landmark
from attest.tlog.stores import SQLITE
from attest.tlog.stores.shortening import KEPT
from attest.tlog.stores.sqlite import SqliteReader, SqliteWriter
from attest.trust.trust import Trust

_ANY_AGE: Final = 2**53
"""Milliseconds: a segment is closed when it suits, and judged by what it holds."""

_AXES: Final = frozenset({Axis.INTEGRITY, Axis.COMPLETENESS})
_CHECKS: Final = frozenset({"authenticity.receipts", "authenticity.checkpoint"})

Counted = Callable[[Iterator[bytes], str], Iterable[bytes]]
"""Takes lines and what is done with them; yields the same lines."""


def close_log(
    directory: Path,
    segment: Path,
    trust: Trust,
    *,
    at: int,
    counted: Counted,
    spread: Spread = map,
    tier: Tier = Tier.RECEIPTS,
) -> bytes:
    """Move what the log in `directory` holds to the file `segment`; return the checkpoint that stands between them.

    `at` is now, in milliseconds since 1970. What only a tier full discloses can be disclosed of the segment no more,
    once it was closed at another. Raises `RefusedError` (steps 1, 2 and 4, or `segment` is there already),
    `UnavailableError` (no log, disk), `MalformedError`; the log is as it was then.
    """
    SQLITE.open_reader(directory).close()
    if segment.exists():
        hint = "it may hold what is in the log no longer: choose another name"
        raise RefusedError(str(segment), "the name of a new file", "a file", hint=hint)
    writer = SQLITE.create_or_open_writer(directory)
    try:
        note, pins = _bounds(writer.log)
        kept = Kept(directory) if tier is Tier.FULL else None
        source = LogSource(reader=writer.log, documents=Documents(directory), kept=kept)
        lines = counted(write_bundle([source], tier=tier), "closing")
        write_file(segment, packing_for(segment.name).pack(lines))
        try:
            question = Question(trust=trust, at=at, checkpoints=pins, max_evidence_age=_ANY_AGE)
            lines = counted(read_lines(segment), "verifying")
            _demand(verify_file(lines, question, file=str(segment), spread=spread), writer.log)
            chosen: dict[int, frozenset[int]] = {Landmark.CALL: still_counting(writer.log, source.documents)}
        except BaseException:
            segment.unlink()
            raise
    except BaseException:
        writer.close()
        raise
    _shorten(writer, segment, chosen)
    return note


def _shorten(writer: SqliteWriter, segment: Path, chosen: Mapping[int, Collection[int]]) -> None:
    try:
        SQLITE.shorten(writer, KEPT, chosen)
    except BaseException:
        # Where not even that is sure, an error of the disk, two copies are better than none.
        after = SQLITE.open_reader(Path(writer.log.where))
        after.close()
        if after.closed == writer.log.closed:
            segment.unlink()
        raise


def _bounds(log: SqliteReader) -> tuple[bytes, tuple[Checkpoint, ...]]:
    """Return the newest checkpoint's note, and between which checkpoints the segment lies (step 2)."""
    if log.size == log.closed:
        raise RefusedError(log.where, "entries to close", f"none since the {log.closed} that were closed before")
    note = log.newest_checkpoint()
    newest = None if note is None else _read(note, log)
    if note is None or newest is None or newest.size != log.size:
        hint = "let the agent stop by itself (SIGTERM); one that was killed goes on with its next start"
        raise RefusedError(log.where, f"a checkpoint over all {log.size} entries", "none", hint=hint)
    before = log.checkpoint_at_most(log.closed) if log.closed else None
    return note, (newest,) if before is None else (_read(before, log), newest)


def _reason(check: CheckResult) -> str:
    """Return what failed, where, and what was expected instead of what."""
    difference = None if check.expected is None else f"expected {check.expected}, found {check.found or 'none'}"
    return ": ".join(part for part in (check.id, check.where, check.detail, difference) if part)


def _read(note: bytes, log: SqliteReader) -> Checkpoint:
    return read_checkpoint_unverified(note, where=f"{log.where}: checkpoint")


def _demand(verdict: Verdict, log: SqliteReader) -> None:
    """Refuse a segment that nobody could verify later (step 4)."""
    for check in verdict.checks:
        if (check.axis in _AXES or check.id in _CHECKS) and check.status in {Status.FAIL, Status.UNPROVEN}:
            hint = "attest bundle and attest verify tell more; keep the folder as evidence and record into a new one"
            raise RefusedError(log.where, "a log that verifies", _reason(check), hint=hint)
    if verdict.end is not End.CLOSED:
        hint = "stop the agent first (SIGTERM); one that was killed goes on with its next start"
        raise RefusedError(log.where, "a log whose last run ended with a stop", "an open run", hint=hint)
    if verdict.counts is None or verdict.counts.entries != log.size - log.closed:
        raise RefusedError(log.where, f"{log.size - log.closed} entries in the segment", "another number")
