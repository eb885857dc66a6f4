"""Standard input and output: messages are lines, the client is whoever started us, the server is our child.

Everything happens in one event loop: what comes in goes to the session, what the session wants done is done at once,
in its order. Whoever does not read makes the other side wait, in bounded memory.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, final

from attest.agent.launching.streams import Streams
from attest.portal.disclosing import Disclosing
from attest.portal.drafts import Drafts
from attest.portal.observing.observed import Observe
from attest.portal.phantom.end import PhantomEnd, PhantomSource
from attest.portal.recording import Came, Recording
from attest.portal.session.effects import Cut, Disclose, Record, Say, Settled, ToClient, ToPhantom, ToServer
from attest.portal.session.gate import Footing, Gate
from attest.portal.session.lines import Lines, Overlong
from attest.portal.session.session import Session
from attest.portal.shells.pipes import HIGH_WATER, Reader, Writer
from attest.portal.shells.vigil import Vigil
from attest.portal.space import Space
from attest.recorder import Recorder

_MAX_BACKLOG: Final = 4 * HIGH_WATER
_MAX_PENDING: Final = 1024
"""Receipts under way before nothing more is read."""
_SOON_SECONDS: Final = 0.002
"""How long an outcome waits for a decision to share a flush with, which takes longer than to sign it."""
_LEAST_SECONDS: Final = 0.001
"""One that has waited less goes on waiting when the timer of an earlier one rings."""
_END: Final = b"\n"


@dataclass(frozen=True, kw_only=True)
class Ends:
    """The four ends: of the client's two streams, and the server's."""

    from_client: int
    to_client: int
    server: Streams


@dataclass(frozen=True, kw_only=True)
class Keeping:
    """Where receipts and what opens them go, and who hears what no receipt can say."""

    recorder: Recorder
    drafts: Drafts
    disclosing: Disclosing
    space: Space
    say: Callable[[str], None]
    observe: Observe | None = None


@final
class StdioShell:
    """One client and one server, until both have ended and everything is recorded."""

    def __init__(
        self,
        session: Session,
        gate: Gate,
        ends: Ends,
        keeping: Keeping,
        boot: Callable[[], int],
        phantoms: PhantomSource | None = None,
    ) -> None:
        """Begin in the running loop; `boot` gives milliseconds since boot."""
        self._phantoms = phantoms
        self._phantom: PhantomEnd | None = None
        gate.has_phantoms = phantoms is not None
        self._session = session
        self._gate = gate
        self._keeping = keeping
        self._boot = boot
        self._server = ends.server
        self._loop = asyncio.get_running_loop()
        self._vigil = Vigil(self._loop.call_soon)
        self._recording = Recording(keeping.recorder, keeping.drafts, self._recorded, keeping.observe)
        self._client_lines, self._server_lines = Lines(), Lines()
        self._to_client = Writer(ends.to_client, self._flow)
        self._to_server = Writer(ends.server.to_server, self._flow)
        self._from_client = Reader(ends.from_client, self._client_said)
        self._from_server = Reader(ends.server.from_server, self._server_said)
        self._for_server, self._for_client = list[bytes](), list[bytes]()
        self._disclosures: list[Disclose] = []
        self._records: list[Record] = []
        """Not handed to the log yet, in their order."""
        self._record_by = 0.0
        """When they are handed to it at the latest, on the monotonic clock."""
        self._recording_soon = False
        self._timer: asyncio.TimerHandle | None = None
        self._input_ended = False
        self._server_over = False
        self.input_closed = asyncio.Event()
        """Set once the server can read the end of its input."""
        self.ended = asyncio.Event()
        """Set once both have ended, everything is recorded, and everything written that anybody takes."""

    def stand(self, footing: Footing) -> None:
        """Take a new measurement into account."""
        self._gate.footing = footing
        self._go_on()

    def end(self) -> None:
        """Take nothing more from the client; what it asked before is finished."""
        self._from_client.close()
        self._input_ended = True
        self._go_on()

    def server_ended(self) -> None:
        """Go on without a server: it has ended, or never began; what it said before is still heard."""
        self._from_server.drain()
        self._from_server.close()
        self._server_finished()
        self._go_on()

    def _client_said(self, octets: bytes) -> None:
        self._vigil.heard("client")
        now = self._boot()
        for line in self._client_lines.feed(octets) if octets else self._client_lines.finish():
            self._session.from_client(line, now)
        if not octets:
            self._input_ended = True
        self._go_on()
        self._vigil.wait()

    def _server_said(self, octets: bytes) -> None:
        self._vigil.heard("server")
        now = self._boot()
        for line in self._server_lines.feed(octets) if octets else self._server_lines.finish():
            self._session.from_server(line, now)
        if not octets:
            self._server_finished()
        self._go_on()
        self._vigil.wait()

    def _phantom_said(self, lines: Sequence[bytes | Overlong]) -> None:
        now = self._boot()
        for line in lines:
            self._session.from_phantom(line, now)
        self._go_on()

    def _server_finished(self) -> None:
        if not self._server_over:
            self._server_over = True
            self._session.server_ended(self._boot())
            self._session.finish(self._boot())

    def _recorded(self, came: list[Came]) -> None:
        self._take_in(came)
        self._go_on()

    def _take_in(self, came: list[Came]) -> None:
        now = self._boot()
        for each in came:
            if each.error is not None:
                self._keeping.say(f"not recorded: {each.error}")
                if each.is_last:
                    self._gate.unrecordable = self._gate.unrecordable or str(each.error)
            self._session.recorded(each.ticket, each.receipt, now)

    def _go_on(self) -> None:
        """Do what the session wants done, then read from whoever may be read from."""
        self._gate.short_of_space = self._keeping.space.is_short()
        self._session.tick(self._boot())
        self._work()
        self._flow()
        self._wake_later()

    def _work(self) -> None:
        """Carry out effects until there are none; outcomes, which nothing waits for, share the next flush."""
        while self._carry_out():
            self._record()
        self._send()
        self._disclose()
        if self._records and not self._recording_soon:
            self._record_soon(_SOON_SECONDS)

    def _record_soon(self, seconds: float) -> None:
        self._recording_soon = True
        self._loop.call_later(seconds, self._record_now)

    def _record_now(self) -> None:
        self._recording_soon = False
        left = self._record_by - time.monotonic()
        if self._records and left > _LEAST_SECONDS:
            self._record_soon(left)
        elif self._records:
            self._record()
            self._go_on()

    def _carry_out(self) -> bool:
        """Carry out what there is, all but the receipts; return whether something waits for one of these."""
        urgent = False
        for effect in self._session.take():
            match effect:
                case ToServer():
                    self._for_server += (effect.octets, _END)
                case ToClient():
                    self._for_client += (effect.octets, _END)
                case Cut():
                    self._cut_off()
                case ToPhantom():
                    self._ask_phantom(effect.octets)
                case Record():
                    if not self._records:
                        self._record_by = time.monotonic() + _SOON_SECONDS
                    self._records.append(effect)
                    urgent = urgent or not isinstance(effect.content, Settled)
                case Disclose():
                    self._disclosures.append(effect)
                case Say():
                    self._keeping.say(effect.text)
        return urgent

    def _record(self) -> None:
        records, self._records = self._records, []
        if self._phantoms is not None:
            for content in (each.content for each in records if isinstance(each.content, Settled)):
                self._phantoms.note(content)
        self._take_in(self._recording.record(records))

    def _send(self) -> None:
        for writer, octets in ((self._to_server, self._for_server), (self._to_client, self._for_client)):
            if octets:
                writer.write(b"".join(octets))
                octets.clear()

    def _disclose(self) -> None:
        """Hand on what opens commitments, once everybody has what they wait for."""
        for each in self._disclosures:
            self._keeping.disclosing.put(each)
        self._disclosures.clear()

    def _cut_off(self) -> None:
        """Write nothing more to the server, and have a phantom take its place."""
        self._for_server.clear()
        self._to_server.close()
        if self._phantoms is not None:
            self._phantom = self._phantoms.raise_one(self._session.remembered, self._phantom_said)

    def _ask_phantom(self, octets: bytes) -> None:
        if self._phantom is not None:
            self._phantom.take(octets)

    def _flow(self) -> None:
        """Let each side be read as far as the other takes what comes of it."""
        phantom_crowded = self._phantom is not None and self._phantom_crowded(self._phantom)
        crowded = phantom_crowded or self._recording.pending > _MAX_PENDING
        if crowded or self._to_server.waiting > HIGH_WATER or self._session.backlog > _MAX_BACKLOG:
            self._from_client.pause()
        else:
            self._from_client.resume()
        if crowded or self._to_client.waiting > HIGH_WATER:
            self._from_server.pause()
        else:
            self._from_server.resume()
        if self._to_client.broken:
            # Nobody reads what is answered: nobody is there to ask.
            self._from_client.close()
            self._input_ended = True
        if self._input_ended and self._session.is_idle and not self._to_server.waiting and self._phantom_finished():
            self._to_server.close()
            self._server.close_input()
            self.input_closed.set()
        if self._server_over and self._session.is_idle and (self._to_client.broken or not self._to_client.waiting):
            self._from_client.close()
            if self._phantom is not None:
                self._phantom.close()
            self.ended.set()

    def _phantom_crowded(self, phantom: PhantomEnd) -> bool:
        """Let the phantom say as much as the client takes; return whether it has enough to do, or to say."""
        full = self._to_client.waiting > HIGH_WATER
        if full:
            phantom.hold()
        else:
            phantom.go_on()
        return full or phantom.waiting > HIGH_WATER

    def _phantom_finished(self) -> bool:
        """Have the phantom finish what was asked; return whether it has."""
        if self._phantom is None:
            return True
        self._phantom.finish()
        return self._phantom.is_idle

    def _wake_later(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        at = self._session.wakes_at()
        delay = None if at is None else max(0, at - self._boot()) / 1000
        self._timer = None if delay is None else self._loop.call_later(delay, self._go_on)
