"""What happens on drift: the sealed action, a command to run, and after how many actions nobody acts any more."""

from enum import StrEnum
from typing import Annotated

import msgspec

from attest.codec.records import Count, Line, Record, Sha256Hex
from attest.errors import MalformedError

Seconds = Annotated[int, msgspec.Meta(ge=1, le=10 * 366 * 86400)]

MAX_ACTIONS = 1000
"""The most that a breaker may count."""


class Action(StrEnum):
    """What is done on drift. Every one but `alert` is announced by a receipt before it and answered by one after."""

    ALERT = "alert"
    """Nothing besides the violation, which is the alert."""
    SUSPEND = "suspend"
    """Freeze the process and its children; what they hold in memory stays as evidence."""
    ISOLATE = "isolate"
    """Freeze, and cut what they can talk through: their sockets and their standard input and output."""
    TERMINATE = "terminate"
    """End the process and everything that it started."""
    SAFE_STATE = "safe-state"
    """The portal denies every call; the process is left alone."""
    HOOK = "hook"
    """A sealed command was run; never a sealed `on_drift` by itself."""


class Result(StrEnum):
    """What an action came to."""

    DONE = "done"
    ALREADY = "already"
    """What an earlier one did still holds; nothing was done again."""
    ENDED = "ended"
    """The process had ended by itself."""
    AUDIT_ONLY = "audit-only"
    """Nothing was done, as sealed."""
    NOT_POSSIBLE = "not-possible"
    """There was nothing to act on: no process was named, or the reference is at hand no more."""
    FAILED = "failed"
    """It was tried, and not all of it was done."""


class Hook(Record, kw_only=True):
    """A command to run on drift, after the action: fixed arguments, nothing of what was found among them."""

    argv: Annotated[tuple[Line, ...], msgspec.Meta(min_length=1, max_length=64)]
    sha256: Sha256Hex
    """The content of the program `argv[0]`; another one is not run."""
    timeout_seconds: Seconds = 10


class Breaker(Record, kw_only=True):
    """A circuit breaker: so many actions within so long, and it opens; open means the safe state until sealed anew."""

    actions: Annotated[int, msgspec.Meta(ge=1, le=MAX_ACTIONS)]
    within_seconds: Seconds


class Enforcement(Record, kw_only=True):
    """What happens on drift; audit-only records what would have happened."""

    on_drift: Action
    audit_only: bool
    hook: Hook | None = None
    breaker: Breaker | None = None
    """Absent: actions are never held back."""

    def __post_init__(self) -> None:
        """Refuse `hook` as the action: it says nothing about the process."""
        if self.on_drift is Action.HOOK:
            raise MalformedError("enforcement.onDrift", "what is done with the process", "hook")
        if self.hook is not None and not self.hook.argv[0].startswith("/"):
            raise MalformedError("enforcement.hook.argv", "an absolute path first", self.hook.argv[0])


class Captured(Record, kw_only=True):
    """A piece of evidence that was kept after a freeze and before the end: what it is, and its digest."""

    name: Line
    sha256: Sha256Hex
    bytes: Count
