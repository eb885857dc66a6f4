"""Findings: what is not as sealed, one record each."""

from enum import StrEnum
from typing import Annotated, Final

import msgspec

from attest.codec.records import Count, Line, Record
from attest.statement.states import State

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
    """The reference, or the time that a session may last, is over."""
    NOT_YET_VALID = "not-yet-valid"
    PROCESS_GONE = "process-gone"
    PROCESS_REPLACED = "process-replaced"
    """The process id belongs to another process than the one first measured."""
    EXECUTABLE_OTHER = "executable-other"
    """The running executable is not the one that the sealed command names."""
    EXECUTABLE_DELETED = "executable-deleted"
    """The running executable is on no disk any more, and its content is not the sealed one."""
    EXECUTABLE_REPLACED = "executable-replaced"
    """Replaced on disk, the old one still running: what is sealed, or, outside the closure, what lay there before.

    The program, or a file that it has mapped as code.
    """
    EXECUTABLE_IN_MEMORY = "executable-in-memory"
    """Run from a file that never was on a disk (memfd)."""
    MAPPED = "mapped"
    """Code is mapped from a file that is not sealed, and that the server could have written."""
    MAPPED_DELETED = "mapped-deleted"
    """Code is mapped from a file that is on no disk any more."""
    MAPPED_CHANGED = "mapped-changed"
    """What is mapped is another file than the sealed one at its path, or has other content."""
    PATCHED = "patched"
    """Pages of a mapped file that hold code were changed in memory."""
    ENVIRONMENT = "environment"
    """A variable that may not be set, or that has another value than the sealed one."""
    WORKING_DIRECTORY = "working-directory"
    CREDENTIALS = "credentials"
    """The process runs as another user than at first."""
    NAMESPACE = "namespace"
    """The process moved to other namespaces than at first."""
    MOUNT = "mount"
    """Something is mounted over a part of the tree, for the process or for everybody."""
    CHILD = "child"
    """It started a program that it may not start."""
    LISTENING = "listening"
    """It listens where it may not."""
    ARGUMENTS = "arguments"
    RUNTIME_OTHER = "runtime-other"
    """What runs the server, or its environment leads to, is not the program of the runtime that is measured."""
    UNDERIVABLE = "underivable"
    """No interpreter of the right version is at hand to derive a file again."""
    UPDATED = "updated"
    """Files are as another reference seals them, which is valid too: all of them, or what the process still holds."""
    UPDATING = "updating"
    """Files are partly as one valid reference seals them and partly as another: an update seems to be under way."""
    REVOKED = "revoked"
    """The reference, or the key that signed it, was revoked."""
    REVOCATIONS_STALE = "revocations-stale"
    """Nobody knows whether the reference was revoked: what is known is older than the trust file allows."""
    CLOCK = "clock"
    """Real time was set back, so that no age can be told."""
    UNREACHABLE = "unreachable"
    """The measurer could not look: no access, or no answer in time."""
    UPSTREAM_OTHER = "upstream-other"
    """Whoever answers at the address shows another public key or SPIFFE ID, or is on another machine now."""
    DEFINITION = "definition"
    """A tool is not described as it was when it was sealed; it is new, gone, or there more than once."""


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
