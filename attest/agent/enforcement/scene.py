"""What an action is given, and what it comes to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from attest.agent.enforcement.family import Family
from attest.statement.enforcing import Result


@dataclass(frozen=True, kw_only=True)
class Came:
    """What came of an action: in one word for whoever judges it, and in words for whoever reads it."""

    result: Result
    outcome: str


@dataclass(frozen=True, kw_only=True)
class Scene:
    """The process and what it started, and how to keep evidence of them and to declare the safe state."""

    family: Family
    before: Came | None
    """What the same action on the same process came to before; None at the first time."""
    keep_evidence: Callable[[], str]
    """Record what is seen of the frozen family; return what to add to the outcome."""
    declare_safe_state: Callable[[str], None]
    """Record that from here on every call is to be denied, and why."""

    @property
    def done_before(self) -> bool:
        """Whether nothing is left to do, if what was done then still holds."""
        return self.before is not None and self.before.result in {Result.DONE, Result.ALREADY}


NO_PROCESS: Final = Came(result=Result.NOT_POSSIBLE, outcome="not possible: no process was named")
ENDED: Final = Came(result=Result.ENDED, outcome="the process had ended")


def absence(family: Family) -> Came | None:
    """Return why nothing can be done with a process, or None if one is there."""
    if family.root is None:
        return NO_PROCESS
    return None if family.living() else ENDED
