"""What observers are told: what a receipt says, what came of it, and how long it took to come on disk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from attest.portal.session.effects import Content, Lane
from attest.portal.session.messages import Message
from attest.portal.session.outbox import Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """A decision, an outcome or a drift, after its receipt."""

    content: Content
    receipt: Receipt | None
    """None: it could not be recorded."""
    waited_seconds: float
    """From the decision to its receipt on disk."""
    message: Message | None = None
    """The request that was decided, or the answer that settled it: for its ids and codes; its values are nobody's."""
    lane: Lane = None
    """Where the request came in: over HTTP an `Exchange`."""


Observe = Callable[[Observed], None]
"""An observer. It is called in the event loop, may not block, and may not raise."""


def all_of(observers: Sequence[Observe]) -> Observe | None:
    """Return one observer for many; None for none, so that nothing is done where nobody watches."""
    if len(observers) < 2:  # noqa: PLR2004  (one needs nobody to share with)
        return observers[0] if observers else None
    told = tuple(observers)

    def observe(observed: Observed) -> None:
        for each in told:
            each(observed)

    return observe
