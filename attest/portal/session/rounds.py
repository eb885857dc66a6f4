"""One logical call over several requests: a result asks for input, and the retry brings it (MCP 2026-07-28, MRTR).

The retry has a new id; what ties it to its call is `requestState`, which the server made and the client echoes. It is
good once, as the server's own checks of it are nothing that could be seen here.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, final

from attest.codec.octets import sha256_hex

_STATE: Final = "requestState"
_MOST: Final = 1024
"""Calls that wait for input; of more, the oldest is forgotten, and its retry refused."""


About = tuple[str, str | None, str | None]
"""Method, name and URI: a retry under the state of a cheap call must not be one of another tool."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """Which call a retry belongs to, and how many requests for input it had before."""

    call_id: str
    number: int
    about: About


def state_of(parameters: Mapping[str, Any]) -> str | None:
    """Return a digest of the `requestState` of a retry, or of a result; None without one."""
    state = parameters.get(_STATE)
    if state is None:
        return None
    return sha256_hex(state.encode()) if isinstance(state, str) else _NO_STATE


_NO_STATE: Final = ""
"""A state that is no text: nobody awaits it."""


@final
class Rounds:
    """The calls of one principal that came back with a request for input."""

    def __init__(self) -> None:
        """Await none."""
        self._awaited: OrderedDict[str, Round] = OrderedDict()

    def find(self, state: str, about: About) -> Round | None:
        """Return the call that a state belongs to, if a retry asks for the same as that."""
        found = self._awaited.get(state)
        return found if found is not None and found.about == about else None

    def spend(self, state: str) -> None:
        """Let a state be good no more."""
        self._awaited.pop(state, None)

    def expect(self, state: str | None, after: Round) -> None:
        """Await the retry of a call."""
        if state:
            self._awaited[state] = after
            while len(self._awaited) > _MOST:
                self._awaited.popitem(last=False)
