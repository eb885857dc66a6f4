"""The lattice of states that a measurement ends in; apart from the findings, which evidence without any never loads."""

from enum import StrEnum
from typing import Final


class State(StrEnum):
    """The result of a measurement; MATCH < STALE < UNKNOWN < DRIFT, the worst one wins."""

    MATCH = "match"
    STALE = "stale"
    UNKNOWN = "unknown"
    DRIFT = "drift"


STATE_RANK: Final = {State.MATCH: 0, State.STALE: 1, State.UNKNOWN: 2, State.DRIFT: 3}
