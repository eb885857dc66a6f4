"""runtime-measurement v0.1: this cycle matched. Signed by a writer; its subjects are the manifest and the artifacts."""

from typing import Final

from attest.codec import instant
from attest.codec.records import Count, Line, Record, Sha256Hex, Timestamp
from attest.statement.predicate_type import PREDICATE_BASE
from attest.statement.receipt import ReceiptHeader

PREDICATE_TYPE: Final = f"{PREDICATE_BASE}/runtime-measurement/v0.1"


class MeasuredProcess(Record, kw_only=True):
    """The process that was measured. Process ids are reused: id, start time and boot id together name one process."""

    pid: Count
    start_time_ticks: Count
    """Clock ticks since boot, field 22 of /proc/PID/stat."""
    uid: Count
    executable_path: Line
    executable_sha256: Sha256Hex


class Coverage(Record, kw_only=True):
    """What the measurer did and could see in one cycle."""

    files: Count
    bytes: Count
    rehashed: Count
    cached: Count
    derived: Count
    oldest_hash_age_milliseconds: Count
    process: MeasuredProcess | None = None


class Measured(Record, kw_only=True):
    """When a cycle began and ended, and what it covered; age counts from `started_at`, the first read."""

    started_at: Timestamp
    finished_at: Timestamp
    coverage: Coverage
    runtime: Sha256Hex | None = None
    """The digest of the RuntimeReference of the runtime, whose files were looked at in the same cycle."""

    def __post_init__(self) -> None:
        """Refuse days that no calendar has."""
        instant.parse(self.started_at, where="startedAt")
        instant.parse(self.finished_at, where="finishedAt")


class RuntimeMeasurement(Record, kw_only=True):
    """A cycle in which everything was as sealed (state MATCH)."""

    receipt: ReceiptHeader
    measured: Measured
