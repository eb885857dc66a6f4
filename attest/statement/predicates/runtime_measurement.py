"""runtime-measurement v0.1: this cycle matched. Signed by a writer; its subjects are the manifest and the artifacts."""

from typing import Final

from attest.codec import instant
from attest.codec.records import Count, Line, Record, Sha256Hex, Timestamp
from attest.errors import MalformedError
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
    mapped: Count | None = None
    """Files that it had mapped as code."""
    outside: Count | None = None
    """Of these, the ones that lie outside every sealed root and gave no reason for a finding."""
    children: Count | None = None
    """Processes that it had started, directly or not."""


class MeasuredUpstream(Record, kw_only=True):
    """Who showed itself at the address of a server that nobody can measure, and what tools it described."""

    url: Line
    spki: Sha256Hex | None = None
    """SHA-256 of the public key that it showed (SubjectPublicKeyInfo); None in the clear, on this machine."""
    spiffe_id: Line | None = None
    """That of its certificate, where one is sealed."""
    definitions: Sha256Hex
    """The digest of the whole set of its tool definitions."""

    @property
    def name(self) -> str:
        """How receipts about calls name it."""
        return f"{self.url} loopback" if self.spki is None else f"{self.url} spki {self.spki}"


class Sight(Record, kw_only=True):
    """What the measurer was able to see in this cycle; what it was not is no finding, and no proof either."""

    lease: bool
    """A read lease was held on each file while it was hashed, so that no writer was at work."""
    fine_ctime: bool
    """The file system stamps changes finely enough that one between two looks cannot hide."""
    mapped_files: bool
    """Mapped files were read themselves, those that are on no disk any more too."""
    memory: bool
    """Changed pages of code would have been seen."""
    events: bool
    """The kernel was asked to tell of changes between two cycles; they only bring the next one forward."""


class Coverage(Record, kw_only=True):
    """What the measurer did and could see in one cycle."""

    files: Count
    bytes: Count
    rehashed: Count
    cached: Count
    derived: Count
    oldest_hash_age_milliseconds: Count
    process: MeasuredProcess | None = None
    upstream: MeasuredUpstream | None = None
    """Of a server that nobody can measure: no file was looked at, and no process."""
    sight: Sight | None = None


class Window(Record, kw_only=True):
    """Clean cycles that one receipt stands for: the newest is the one whose times `Measured` gives.

    Clean cycles are numbered from 0 after each start, resume and reload. `head` chains them: SHA-256 over the 64
    hexadecimal digits of the head before (64 zeros at first) and the RFC 8785 form of each cycle's `measured`, so that
    a record kept elsewhere can be held against it.
    """

    first: Count
    last: Count
    began_at: Timestamp
    """The first read of the first cycle."""
    largest_gap_milliseconds: Count
    """The longest time between the beginnings of two cycles in it, the last before it included."""
    head: Sha256Hex

    def __post_init__(self) -> None:
        """Refuse a window that ends before it begins."""
        instant.parse(self.began_at, where="beganAt")
        if self.last < self.first:
            raise MalformedError("window.last", f"at least {self.first}", f"{self.last}")


class Measured(Record, kw_only=True):
    """When a cycle began and ended, and what it covered; age counts from `started_at`, the first read."""

    started_at: Timestamp
    finished_at: Timestamp
    coverage: Coverage
    runtime: Sha256Hex | None = None
    """The digest of the RuntimeReference of the runtime, whose files were looked at in the same cycle."""
    window: Window | None = None
    """Absent: one cycle alone."""

    def __post_init__(self) -> None:
        """Refuse days that no calendar has."""
        instant.parse(self.started_at, where="startedAt")
        instant.parse(self.finished_at, where="finishedAt")


class RuntimeMeasurement(Record, kw_only=True):
    """A cycle in which everything was as sealed (state MATCH)."""

    receipt: ReceiptHeader
    measured: Measured
