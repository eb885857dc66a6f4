"""What the parts of one log hand on, where they are judged in one call, one after the other: a closed log lies in many.

A part that begins at the very head at which one ended that was judged before it, and was whole and by whom it has to
be, begins where that one ended: nothing is missing between them, and what is limited over time is counted on. In any
other order each part stands alone.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final, final

import msgspec

from attest.evidence.verdict import Axes, Start, Status
from attest.tlog.checkpoint import Checkpoint

if TYPE_CHECKING:
    from attest.evidence.verify.calls.judge import Counted

_GOOD: Final = frozenset({Status.PASS, Status.ASSERTED})


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """What is known where a part of a log ends."""

    head: Checkpoint
    start: Start
    """How it is known that nothing is missing before the part."""
    proven_pins: tuple[int, ...]
    """The sizes of the expected checkpoints that it holds."""
    first_used: Mapping[str, int]
    """When an expected reference with a time to live was first used in the log, in milliseconds since 1970."""
    counted: "Mapping[str, Counted]"
    """By the reference, what was counted of calls; whoever goes on counting has it alone."""

    def first_use(self, references: Iterable[str]) -> int | None:
        """Return when any of these references, a sub-mandate and its parents, was first used."""
        return min((self.first_used[each] for each in references if each in self.first_used), default=None)


@final
class Parts:
    """The ends of the parts that were judged so far, in one call and by one question."""

    def __init__(self) -> None:
        """Begin with none."""
        self._endings: dict[Checkpoint, Ending] = {}

    def leave(self, axes: Axes, endings: Iterable[Ending]) -> None:
        """Keep the ends of the logs of a file, if it is sound."""
        if axes.integrity in _GOOD and axes.authenticity in _GOOD:
            self._endings.update((each.head, each) for each in endings)

    def take(self, head: Checkpoint) -> Ending | None:
        """Return what ended at this head; only once, since it is counted on."""
        return self._endings.pop(head, None)
