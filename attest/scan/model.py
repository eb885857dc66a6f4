"""What a scan finds, as values: servers, what each executes, what is known of its files, and what to worry about."""

from enum import StrEnum
from typing import Final, Literal

from attest.codec.records import Count, Record

ScanSchema = Literal["https://mcp-attest.github.io/schemas/scan/v0.1"]
SCAN_SCHEMA: Final[ScanSchema] = "https://mcp-attest.github.io/schemas/scan/v0.1"


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
    CONTAINER = "container"
    """What is started runs in a container: nothing in there is measured from here."""
    REPLACED = "replaced"
    """Its program was replaced on disk, and the old one still runs."""
    ENVIRONMENT = "environment"
    """The running process was given variables that make it load other code."""
    DRIFT = "drift"
    """It is sealed, and not as it was sealed."""


FAILING = frozenset({ConcernKind.CHANGED, ConcernKind.DRIFT, ConcernKind.ENVIRONMENT})
"""What makes `attest scan` exit with 1."""


class Concern(Record, kw_only=True):
    """One thing to look at; and what to do."""

    kind: ConcernKind
    text: str
    hint: str | None = None


class Executed(Record, kw_only=True):
    """The process that a command becomes."""

    program: str
    """The executable, links not followed."""
    code: tuple[str, ...]
    """The files whose code it runs first."""
    more_arguments: Count
    """How many arguments follow; their text may be secret."""


class Closure(Record, kw_only=True):
    """A directory that is loaded from, and what its own records say about it."""

    place: str
    packages: tuple[str, ...]
    """`name version` of what is installed in it."""
    files: Count
    bytes: Count
    bound: Count
    """Files that equal the archive which a lock file names, compared here."""
    recorded: Count
    """Files that equal what the installer wrote down about them beside them."""
    named: Count
    """Files of packages whose archive is not at hand, so that nothing was compared."""
    byte_code: Count
    """Compiled files, which no record covers and which run instead of their sources."""
    changed: tuple[str, ...]
    """Paths of files that differ from their record, or are missing."""
    unrecorded: tuple[str, ...]
    """Paths of files that nothing names."""


class SealedState(Record, kw_only=True):
    """What the reference of a server says, looked at now."""

    reference: str
    state: str
    assurance: str
    findings: tuple[str, ...] = ()


class Running(Record, kw_only=True):
    """A process of a server."""

    pid: Count
    uid: Count
    started_seconds_ago: Count | None = None


class Scanned(Record, kw_only=True, tag_field="kind", tag="server"):
    """One server; what `attest scan --format json` prints, a line each. Empty fields are left out."""

    schema: ScanSchema
    name: str
    client: str | None = None
    """None: only seen running."""
    configuration: str | None = None
    portal: bool = False
    """It is started through `attest portal`; the rest is about the server behind that."""
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


class Unread(Record, kw_only=True, tag_field="kind", tag="unread"):
    """A configuration that could not be read; printed before the servers."""

    schema: ScanSchema
    client: str
    configuration: str
    complaint: str
