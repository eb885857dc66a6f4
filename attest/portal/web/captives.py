"""Phantoms over HTTP: answers made up for callers that drifted, each on the exchange that asked.

A second instance, as there is over standard input and output, would have to listen in a network of its own, where
nobody could reach it: there is none.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import final

from attest.portal.phantom.end import PhantomEnd, Said
from attest.portal.raising import Phantoms
from attest.portal.session.effects import Lane, Settled
from attest.portal.session.lines import Overlong

Say = Callable[[Lane, Sequence[bytes | Overlong]], None]
"""Is told what a phantom says, and to whom."""


@final
class Captives:
    """Where the phantoms of one server come from."""

    def __init__(self, phantoms: Phantoms) -> None:
        """No caller has drifted yet."""
        self._phantoms = phantoms
        self._secrets: dict[str, bytes] = {}

    def note(self, settled: Settled) -> None:
        """Learn from an outcome how long the server takes."""
        self._phantoms.note(settled)

    def raise_one(self, name: str, remembered: Mapping[str, bytes], say: Say) -> Captive:
        """Return what answers a session of the caller `name`: in all of them, equal questions get equal answers."""
        secret = self._secrets.setdefault(name, os.urandom(32))
        return Captive(self._phantoms.made_up(remembered, secret), say)


@final
class Captive:
    """What stands in the server's place in one session."""

    def __init__(self, make: Callable[[Said], PhantomEnd], say: Say) -> None:
        """Answer by what `make` returns, one for each exchange: none waits for another, as before the server."""
        self._make = make
        self._say = say
        self._ends: dict[Lane, PhantomEnd] = {}

    def take(self, octets: bytes, lane: Lane) -> None:
        """Take a message of the caller's."""
        end = self._ends.get(lane)
        if end is None:
            end = self._ends[lane] = self._make(lambda said: self._said(lane, said))
        end.take(octets)
        self._forget_idle(lane)

    def forget(self, lane: Lane) -> None:
        """Say nothing more to an exchange that is over."""
        end = self._ends.pop(lane, None)
        if end is not None:
            end.close()

    def close(self) -> None:
        """Say nothing more to anybody."""
        for lane in tuple(self._ends):
            self.forget(lane)

    def _said(self, lane: Lane, said: Sequence[bytes | Overlong]) -> None:
        self._forget_idle(lane)
        self._say(lane, said)

    def _forget_idle(self, lane: Lane) -> None:
        end = self._ends.get(lane)
        if end is not None and end.is_idle:
            del self._ends[lane]
