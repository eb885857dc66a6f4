"""What was seen: one record a file or link, all of them by root and path, and the process that runs them.

Values only. `attest.measure` makes them, `attest.appraisal` judges them; neither room knows the other.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from attest.statement.findings import FindingKind
from attest.statement.manifest import FileKind

Key = tuple[str, str]
"""(root name, relative path)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    """Why something could not be observed properly; becomes a finding of this kind."""

    kind: FindingKind
    detail: str
    expected: str | None = None
    """What should be there instead, such as the digest of what a rule makes."""


class Observed(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One file or link, as it was found.

    A file has `size` (bytes), `sha256`, `executable` (any x bit) and `special` (setuid or setgid); a
    link has `target`. With `trouble` the rest may be missing. `type_` is None for what is neither
    file nor link (device, FIFO, socket) and for a directory that is in trouble.

    No dataclass, though it is never written: a look makes one a file, a frozen dataclass takes
    longer to make than the file to open.
    """

    root: str
    path: str
    type_: FileKind | None
    size: int | None = None
    sha256: str | None = None
    executable: bool | None = None
    special: bool = False
    device: int | None = None
    """With `inode`: which file it is, so that one that a process has mapped can be found again among them."""
    inode: int | None = None
    target: str | None = None
    trouble: Trouble | None = None

    @property
    def key(self) -> Key:
        """(root name, relative path)."""
        return self.root, self.path


@dataclass(frozen=True, kw_only=True)
class Observation:
    """All that one look at some roots found: files by key, and where each root lay.

    Trouble with a root as a whole stands under the path `.`. A name that no document could hold
    stands under an escaped one, which has a backslash in it and so is never a real path.
    """

    files: Mapping[Key, Observed]
    places: Mapping[str, str]
    """Root name to the absolute path of its directory."""
    started_at: int
    """Milliseconds since 1970, before the first read; age counts from here."""
    finished_at: int
    fine: bool = False
    """Every root lies in a file system that stamps changes finely."""
    leased: bool = False
    """Every file was read under a lease, so that nobody could write it meanwhile."""
    cached: int = 0
    """Files that were not read, since their status proves that they are as they were when they were."""
    oldest_hash_age_ms: int = 0
    """When the look began, of these files' digests."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Derivation:
    """A file is what `rule` makes of `inputs`: `root/path` of other files, or `name=value`."""

    rule: str
    inputs: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class FileIdentity:
    """Which file, whatever its name: equal device and inode mean one and the same."""

    device: int
    inode: int


@dataclass(frozen=True, kw_only=True, slots=True)
class MappedFile:
    """A file of which a process has mapped some part as code."""

    path: str
    """As the process sees it, without the mark of a deleted one; bytes that are not UTF-8 as surrogates."""
    identity: FileIdentity
    in_memory: bool = False
    """It never was on a disk (memfd)."""
    in_place: bool | None = True
    """Whether this very file lies at `path` for the process; None if that cannot be seen."""
    writable: bool | None = False
    """Whether the process could have written it, by owners and modes; None if that cannot be seen."""
    sha256: str | None = None
    """Of its content, where it is not in its place and could be read."""
    patched_pages: int = 0
    """Pages of code that are no longer those of the file."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ObservedChild:
    """A process that another one started, directly or not; its executable is None if it cannot be seen."""

    pid: int
    start_time_ticks: int
    executable: MappedFile | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ObservedEnvironment:
    """The variables that a process was started with: names, and values as salted digests alone."""

    salt: bytes = field(repr=False)
    variables: tuple[tuple[str, str], ...]
    """(name, digest), in order. What is no `NAME=VALUE`, or has a blank in its name, no program looks up."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mount:
    """A mount point, and what is mounted there."""

    point: str
    device: str
    root: str
    """Which directory of the file system."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ObservedMounts:
    """What is mounted for a process, and for us."""

    theirs: tuple[Mount, ...]
    ours: tuple[Mount, ...] | None
    """None: it shares our mount namespace and root, so that theirs are ours."""
    owned: tuple[str, ...] = ()
    """The places that were asked for in which its user may answer for what it reads (FUSE in mounts of its own)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ObservedUpstream:
    """Who answered at an address in one look, and how it described its tools."""

    url: str
    started_at: int
    """Milliseconds since 1970, before the first connection; age counts from here."""
    finished_at: int
    spki: str | None = None
    """SHA-256 of the public key that it showed last; None in the clear, and where there was no connection."""
    spiffe_id: str | None = None
    """Of its certificate, where one is sealed."""
    definitions: tuple[tuple[str, str], ...] | None = None
    """(name, digest) of each tool; None if it did not tell."""
    instructions: str | None = None
    """The digest of its instructions, empty ones where it gives none; None if these are no text."""
    described: Mapping[str, tuple[tuple[str, str] | None, ...]] = field(default_factory=dict)
    """(name, digest) of what it lists beside tools, by the method that was asked; None for an element that is none."""
    trouble: Trouble | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ObservedProcess:
    """One process at one moment; `pid`, `start_time_ticks` and `boot_id` name it for ever.

    With `trouble`, or once it is not `alive`, the fields that default to None may be missing.
    """

    pid: int
    start_time_ticks: int
    """Clock ticks since boot, field 22 of /proc/PID/stat."""
    boot_id: str
    alive: bool
    uid: int | None = None
    """The effective one."""
    real_uid: int | None = None
    argv: tuple[str, ...] | None = None
    """As the process shows it, and it may rewrite it; bytes that are not UTF-8 as surrogates."""
    working_directory: str | None = None
    """Where it stands now; relative arguments were meant from where it was started."""
    links: tuple[tuple[str, str], ...] = ()
    """The arguments after the first that name a link now, or hold `..`, and the file that each leads to."""
    virtual_environment: str | None = None
    """To which its own name, the first argument, leads an interpreter of Python (PEP 405); None if to none."""
    executable_path: str | None = None
    """Where procfs says it lies, without the mark of a deleted one."""
    executable_deleted: bool = False
    """Unlinked or replaced since it was started, or never on disk (memfd)."""
    executable_sha256: str | None = None
    """Of the file that runs, whatever lies at its path now."""
    executable_identity: FileIdentity | None = None
    executable_in_memory: bool = False
    mapped: tuple[MappedFile, ...] = ()
    """Sorted by path; the executable is among them."""
    mapped_files_seen: bool = False
    """Mapped files were looked at themselves, not by their path and number."""
    memory_seen: bool = False
    """Changed pages of code would have been seen."""
    environment: ObservedEnvironment | None = None
    namespaces: tuple[tuple[str, str], ...] = ()
    """Sorted by name; those that only its future children will be in are left out."""
    mounts: ObservedMounts | None = None
    children: tuple[ObservedChild, ...] = ()
    """Sorted by pid."""
    listening: tuple[str, ...] | None = None
    """Where it or a child listens, `tcp:127.0.0.1:8080`; None if nobody looked."""
    trouble: Trouble | None = None
