"""What a scan finds, as values: servers, what each executes, what is known of its files, and what to worry about."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class ConcernKind(StrEnum):
    """What people should look at; stable names, for programs too."""

    CHANGED = "changed"
    """Files are not what the records of their installation say."""
    UNRECORDED = "unrecorded"
    """Files that no record names, where code is loaded from."""
    NOT_INSTALLED = "not-installed"
    """What starts is fetched when it starts: whatever the index gives out then."""
    UNPINNED = "unpinned"
    """No version is named: another one may start tomorrow."""
    EDITABLE = "editable"
    """Runs from a working copy, which its owner edits."""
    UNREADABLE = "unreadable"
    """Could not be told, or not be read."""
    REMOTE = "remote"
    """Somebody else runs it: nothing of it can be measured here."""
    REPLACED = "replaced"
    """Its program was replaced on disk, and the old one still runs."""
    ENVIRONMENT = "environment"
    """The running process was given variables that make it load other code."""
    DRIFT = "drift"
    """It is sealed, and not as it was sealed."""


FAILING = frozenset({ConcernKind.CHANGED, ConcernKind.DRIFT, ConcernKind.ENVIRONMENT})
"""What makes `attest scan` exit with 1."""


@dataclass(frozen=True, kw_only=True)
class Concern:
    """One thing to look at; and what to do."""

    kind: ConcernKind
    text: str
    hint: str | None = None


@dataclass(frozen=True, kw_only=True)
class Executed:
    """The process that a command becomes."""

    program: str
    """The executable, links not followed."""
    code: tuple[str, ...]
    """The files whose code it runs first."""
    more_arguments: int
    """How many arguments follow; their text may be secret."""


@dataclass(frozen=True, kw_only=True)
class Closure:
    """A directory that is loaded from, and what its own records say about it."""

    place: Path
    packages: tuple[str, ...]
    """`name version` of what is installed in it."""
    files: int
    bytes: int
    bound: int
    """Files that equal the archive which a lock file names, compared here."""
    recorded: int
    """Files that equal what the installer wrote down about them beside them."""
    named: int
    """Files of packages whose archive is not at hand, so that nothing was compared."""
    byte_code: int
    """Compiled files, which no record covers and which run instead of their sources."""
    changed: tuple[str, ...]
    """Paths of files that differ from their record, or are missing."""
    unrecorded: tuple[str, ...]
    """Paths of files that nothing names."""


@dataclass(frozen=True, kw_only=True)
class SealedState:
    """What the reference of a server says, looked at now."""

    reference: str
    state: str
    assurance: str
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Running:
    """A process of a server."""

    pid: int
    uid: int
    started_seconds_ago: int | None


@dataclass(frozen=True, kw_only=True)
class Scanned:
    """One server."""

    name: str
    client: str | None
    """None: only seen running."""
    configuration: Path | None
    words: tuple[str, ...] = ()
    """The beginning of the command, as far as it names what is started."""
    executed: Executed | None = None
    closures: tuple[Closure, ...] = ()
    running: tuple[Running, ...] = ()
    sealed: SealedState | None = None
    concerns: tuple[Concern, ...] = ()
    disabled: bool = False
    host: str | None = None

    @property
    def failing(self) -> bool:
        """Whether something is wrong for certain."""
        return any(each.kind in FAILING for each in self.concerns)
