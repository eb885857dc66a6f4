"""Findings: what is not as sealed, one record each, and the lattice of states that a measurement ends in."""

from enum import StrEnum
from typing import Annotated, Final

import msgspec

from attest.codec.records import Count, Line, Record


class State(StrEnum):
    """The result of a measurement; MATCH < STALE < UNKNOWN < DRIFT, the worst one wins."""

    MATCH = "match"
    STALE = "stale"
    UNKNOWN = "unknown"
    DRIFT = "drift"


STATE_RANK: Final = {State.MATCH: 0, State.STALE: 1, State.UNKNOWN: 2, State.DRIFT: 3}

MAX_FINDINGS: Final = 1000
"""Findings written out in one violation; the rest is counted."""


class FindingKind(StrEnum):
    """What is not as sealed. The state each one leads to stands in `attest.appraisal`."""

    CHANGED = "changed"
    MISSING = "missing"
    EXTRA = "extra"
    TYPE = "type"
    EXECUTABLE = "executable"
    LINK_TARGET = "link-target"
    SPECIAL_MODE = "special-mode"
    """A setuid or setgid bit, which no sealed file has."""
    UNDERIVED = "underived"
    """A file that a rule should produce from sealed inputs, and that is not what the rule produces."""
    UNREADABLE = "unreadable"
    UNSTABLE = "unstable"
    """The file changed while it was read, more often than we try again."""
    NAME = "name"
    """A file name that is not UTF-8 or not a normalised path."""
    NO_REFERENCE = "no-reference"
    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    PROCESS_GONE = "process-gone"
    PROCESS_REPLACED = "process-replaced"
    """The process id belongs to another process than the one first measured."""
    EXECUTABLE_OTHER = "executable-other"
    """The running executable is not the one that the sealed command names."""
    EXECUTABLE_DELETED = "executable-deleted"
    """Replaced on disk, the old one still running; or run from memory."""
    ARGUMENTS = "arguments"
    RUNTIME_OTHER = "runtime-other"
    """What runs the server, or its environment leads to, is not the program of the runtime that is measured."""
    UNDERIVABLE = "underivable"
    """No interpreter of the right version is at hand to derive a file again."""


class Finding(Record, kw_only=True):
    """One deviation: where, what was expected, what was found."""

    kind: FindingKind
    where: Line
    """`root/path` of a file, of the server or its runtime; or `process`, `command`, `reference`."""
    expected: Line | None = None
    found: Line | None = None


class Findings(Record, kw_only=True):
    """The findings of one measurement; its RFC 8785 form is what a violation's subject digest covers."""

    state: State
    findings: Annotated[tuple[Finding, ...], msgspec.Meta(max_length=MAX_FINDINGS)]
    total: Count
    """How many there were, also those that are not written out."""
