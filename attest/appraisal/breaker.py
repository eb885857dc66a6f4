"""The circuit breaker: whether so much was done within so long that nothing more is to be done."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from attest.statement.enforcing import Breaker, Result

COUNTED: Final = frozenset({Result.DONE, Result.FAILED})
"""What something was really done for. An action whose effect still holds is not done again, and not counted again."""

_MILLISECONDS: Final = 1000


def is_reached(breaker: Breaker | None, acted_at: Iterable[int], at: int) -> bool:
    """Return whether the breaker opens at `at`: as many violations were acted upon within the time before it.

    `acted_at` are the times at which the first action for a violation was recorded as taken; milliseconds since 1970.
    A reference without a breaker holds nothing back.
    """
    if breaker is None:
        return False
    since = at - breaker.within_seconds * _MILLISECONDS
    return sum(since < time <= at for time in acted_at) >= breaker.actions
