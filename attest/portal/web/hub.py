"""What sessions want done, done: bodies let go, messages put to their exchanges, receipts submitted.

One hub for all sessions of a portal, in one event loop. Whatever changes a session ends with `go_on`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final, final

from attest.portal.recording import Came
from attest.portal.session.effects import (
    Cut,
    Disclose,
    Effect,
    Lane,
    Record,
    Say,
    Settled,
    ToClient,
    ToPhantom,
    ToServer,
)
from attest.portal.session.gate import Footing, Gate
from attest.portal.session.lines import Overlong
from attest.portal.shells.stdio import Keeping
from attest.portal.web.captives import Captives
from attest.portal.web.connected import Connected, Table
from attest.portal.web.exchange import Exchange
from attest.portal.web.manners import Manners

Send = Callable[[Connected, Exchange, bytes], Coroutine[Any, Any, None]]
"""Sends the server a message that is no client's body, and hands its answer to the session."""

_SOON_SECONDS: Final = 0.002
"""How long an outcome waits for a decision to share a flush with, which takes longer than to sign it."""


@final
class Hub:
    """Carries out what sessions want."""

    def __init__(
        self, gate: Gate, table: Table, keeping: Keeping, boot: Callable[[], int], captives: Captives | None = None
    ) -> None:
        """`boot` gives milliseconds since boot; `send` is set before the first exchange.

        `captives` are where phantoms come from, if the reference seals that callers may get one.
        """
        self._gate = gate
        self._captives = captives
        gate.has_phantoms = captives is not None
        self.manners: Final = Manners()
        self.table: Final = table
        self._keeping = keeping
        self.boot: Final = boot
        self.send: Send | None = None
        self._sending: set[asyncio.Task[None]] = set()
        self._timers: dict[Connected, asyncio.TimerHandle] = {}
        self._settled = asyncio.Event()
        table.told = self._told
        table.forgotten = self._end

    def stand(self, footing: Footing) -> None:
        """Take a new measurement of the server into account, for everybody."""
        self._gate.footing = footing
        for connected in self.table:
            self.go_on(connected)

    def heed(self, connected: Connected) -> None:
        """Take into account what the caller did elsewhere, before anything that it asks reaches the server."""
        if self._captives is not None:
            self.go_on(connected)

    def go_on(self, connected: Connected) -> None:
        """Do what a session wants done by now."""
        session = connected.session
        self._gate.short_of_space = self._keeping.space.is_short()
        session.tick(self.boot())
        while effects := session.take():
            for effect in effects:
                self._carry_out(connected, effect)
        connected.nudge()
        self._record_later(connected)
        self._wake_later(connected)

    def _end(self, connected: Connected) -> None:
        """Record what a session that is over leaves without an answer."""
        if connected.captive is not None:
            connected.captive.close()
        connected.session.client_ended(self.boot())
        self.go_on(connected)
        # Nobody would wait for it at the end.
        self._record(connected)

    def _carry_out(self, connected: Connected, effect: Effect) -> None:
        match effect:
            case ToServer(octets=octets, lane=Exchange() as exchange):
                if octets is exchange.body:
                    exchange.clear()
                else:
                    self._start(connected, exchange, octets)
            case ToClient(octets=octets, lane=Exchange() as exchange):
                exchange.reply(octets)
            case Record():
                connected.put(effect)
            case Disclose():
                self._keeping.disclosing.put(effect)
            case Say():
                self._keeping.say(effect.text)
            case Cut():
                self._cut_off(connected)
            case ToPhantom():
                connected.capture(effect.octets, effect.lane)
            case ToServer() | ToClient():
                # What came on no exchange goes nowhere.
                self._keeping.say("not forwarded: a message that belongs to no request")

    def _cut_off(self, connected: Connected) -> None:
        """Have a phantom take the server's place, in what is open now, and in all sessions of the caller."""
        principal = connected.caller.principal
        if self._captives is None or principal is None:
            return
        theirs = [each for each in self.table if each.caller.principal == principal]
        remembered: dict[str, bytes] = {}
        for each in [*theirs, connected]:
            remembered |= each.session.remembered

        def say(lane: Lane, lines: Sequence[bytes | Overlong]) -> None:
            now = self.boot()
            for line in lines:
                connected.session.from_phantom(line, now, lane=lane)
            self.go_on(connected)

        connected.captive = self._captives.raise_one(principal.name, remembered, say)
        for exchange in connected.exchanges:
            exchange.cut()
        loop = asyncio.get_running_loop()
        for each in theirs:
            if each.captive is None:
                loop.call_soon(self.go_on, each)

    def _start(self, connected: Connected, exchange: Exchange, octets: bytes) -> None:
        if self.send is None:
            return
        task = asyncio.get_running_loop().create_task(self.send(connected, exchange, octets))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    def _record_later(self, connected: Connected) -> None:
        """Record once all that is ready has been read, in one flush; outcomes, which nothing waits for, a bit later."""
        if not connected.records or connected.recording_now:
            return
        loop = asyncio.get_running_loop()
        if connected.is_awaited:
            connected.recording_now = True
            loop.call_soon(self._record, connected)
        elif connected.recording_soon is None:
            connected.recording_soon = loop.call_later(_SOON_SECONDS, self._record, connected)

    def _record(self, connected: Connected) -> None:
        if connected.recording_soon is not None:
            connected.recording_soon.cancel()
        connected.recording_now, connected.recording_soon = False, None
        records = connected.take_records()
        if self._captives is not None:
            for content in (each.content for each in records if isinstance(each.content, Settled)):
                self._captives.note(content)
        if records:
            self._told(connected, connected.recording.record(records))

    def _told(self, connected: Connected, came: list[Came]) -> None:
        now = self.boot()
        for each in came:
            if each.error is not None:
                self._keeping.say(f"not recorded: {each.error}")
            if each.is_last:
                self._gate.unrecordable = self._gate.unrecordable or str(each.error)
            connected.told = max(connected.told, each.ticket)
            connected.session.recorded(each.ticket, each.receipt, now)
        self.go_on(connected)
        self._settled.set()

    def _wake_later(self, connected: Connected) -> None:
        timer = self._timers.pop(connected, None)
        if timer is not None:
            timer.cancel()
        at = connected.session.wakes_at()
        if at is not None:
            delay = max(0, at - self.boot()) / 1000
            loop = asyncio.get_running_loop()
            self._timers[connected] = loop.call_later(delay, self.go_on, connected)

    async def close(self) -> None:
        """Finish what is being sent, and record what was only counted."""
        for task in tuple(self._sending):
            task.cancel()
        for connected in self.table:
            if connected.captive is not None:
                connected.captive.close()
            connected.session.server_ended(self.boot())
            connected.session.finish(self.boot())
            self.go_on(connected)
            self._record(connected)
        while any(connected.told < connected.last_ticket for connected in self.table):
            self._settled.clear()
            await self._settled.wait()
        for timer in self._timers.values():
            timer.cancel()
