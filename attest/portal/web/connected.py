"""Whoever is connected: sessions by caller and `Mcp-Session-Id`, each with what it has to record.

Identifiers of MCP sessions come from the server and are secrets of one caller: known to another one, they open nothing.
Since 2026-07-28 there are none, and a caller has one session for all of its requests.
"""

from __future__ import annotations

import asyncio
import os
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, final

from attest.portal.recording import Came, Recording
from attest.portal.session.effects import Lane, Record, Settled
from attest.portal.session.flight import Ids
from attest.portal.session.gate import Gate
from attest.portal.session.governed import Caller
from attest.portal.session.session import Session
from attest.portal.web.captives import Captive
from attest.portal.web.exchange import Exchange

MAX_SESSIONS: Final = 4096
"""Of all callers; the one that was idle longest makes room for a new one."""


@dataclass(kw_only=True, eq=False)
class Connected:
    """One session, the exchanges that are open in it, and its receipts under way."""

    session: Session
    recording: Recording
    caller: Caller
    exchanges: set[Exchange] = field(default_factory=set)
    waiting: set[Exchange] = field(default_factory=set)
    """Those that wait for something to change."""
    records: list[Record] = field(default_factory=list)
    """What was not handed to the recorder yet, in order."""
    is_awaited: bool = False
    """Whether somebody waits for one of these records: outcomes alone nobody waits for."""
    recording_now: bool = False
    recording_soon: asyncio.TimerHandle | None = None
    last_ticket: int = 0
    captive: Captive | None = None
    """What stands in the server's place, once the caller drifted."""
    told: int = 0
    """Every receipt up to this ticket is on disk, or will never be."""

    async def change(self, exchange: Exchange) -> None:
        """Wait until something may have changed for an exchange."""
        self.waiting.add(exchange)
        try:
            await exchange.change()
        finally:
            self.waiting.discard(exchange)

    def put(self, record: Record) -> None:
        """Have a receipt made with the next ones."""
        self.last_ticket = record.ticket
        self.records.append(record)
        self.is_awaited = self.is_awaited or not isinstance(record.content, Settled)

    def take_records(self) -> list[Record]:
        """Return what is to be recorded, in order, and forget it."""
        taken, self.records, self.is_awaited = self.records, [], False
        return taken

    def close(self, exchange: Exchange) -> None:
        """Forget an exchange that is over."""
        self.exchanges.discard(exchange)
        if self.captive is not None:
            self.captive.forget(exchange)

    def capture(self, octets: bytes, lane: Lane) -> None:
        """Have what stands in the server's place take a message."""
        if isinstance(lane, Exchange):
            lane.capture()
        if self.captive is not None:
            self.captive.take(octets, lane)

    def nudge(self) -> None:
        """Have those exchanges look again that wait for no receipt which is under way."""
        for exchange in self.waiting:
            if exchange.mark <= self.told:
                exchange.nudge()


@final
class Table:
    """All sessions of a portal."""

    def __init__(self, gate: Gate, open_recording: Callable[[Callable[[list[Came]], None]], Recording]) -> None:
        """`open_recording` makes what records for one session, and is told what to call when it has."""
        self._gate = gate
        self._open_recording = open_recording
        self._known: OrderedDict[tuple[str, str | None], Connected] = OrderedDict()
        self.told: Callable[[Connected, list[Came]], None] = lambda _connected, _came: None
        self.forgotten: Callable[[Connected], None] = lambda _connected: None
        """Called with a session that nobody finds any more."""

    def __iter__(self) -> Iterator[Connected]:
        return iter(tuple(self._known.values()))

    def find(self, caller: Caller, identifier: str | None) -> Connected | None:
        """Return the caller's session; None for an identifier that this caller was not given."""
        if identifier is None:
            return self.own(caller)
        return self._use(_key(caller, identifier))

    def own(self, caller: Caller) -> Connected:
        """Return the session of what a caller asks under no identifier."""
        return self._use(_key(caller, None)) or self.begin(caller, None)

    def _use(self, key: tuple[str, str | None]) -> Connected | None:
        """Return a session, which makes room for another one last."""
        found = self._known.get(key)
        if found is not None:
            self._known.move_to_end(key)
        return found

    def begin(self, caller: Caller, identifier: str | None) -> Connected:
        """Begin a session under an identifier of the server's, in place of one that had it before."""
        if len(self._known) >= MAX_SESSIONS:
            idle = next((key for key, each in self._known.items() if not each.exchanges), None)
            if idle is not None:
                self._forget(idle)
        self._forget(_key(caller, identifier))
        ids = Ids.OF_A_LANE if identifier is None else Ids.OF_A_SESSION
        session = Session(self._gate, caller, os.urandom, ids)

        def told(came: list[Came]) -> None:
            self.told(connected, came)

        connected = Connected(session=session, recording=self._open_recording(told), caller=caller)
        self._known[_key(caller, identifier)] = connected
        return connected

    def end(self, caller: Caller, identifier: str) -> None:
        """Forget a session that its caller ended."""
        self._forget(_key(caller, identifier))

    def _forget(self, key: tuple[str, str | None]) -> None:
        forgotten = self._known.pop(key, None)
        if forgotten is not None:
            self.forgotten(forgotten)


def _key(caller: Caller, identifier: str | None) -> tuple[str, str | None]:
    return ("" if caller.principal is None else caller.principal.name), identifier
