"""What stands behind a portal over HTTP: a server that it starts, or one that an agent measures."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from concurrent.futures import Future
from typing import Protocol

from attest.agent.drafts import Standing
from attest.agent.sealed import SealedServer
from attest.agent.starting import AgentRequest
from attest.codec.clock import Clock
from attest.portal.session.gate import Footing, Gate
from attest.portal.web.upstream import Connections
from attest.recorder import Recorder


class Behind(Protocol):
    """The server, its measurements, and the run in whose log calls are recorded."""

    @property
    def server(self) -> SealedServer:
        """What is sealed."""

    @property
    def request(self) -> AgentRequest:
        """What a person asked for."""

    @property
    def recorder(self) -> Recorder:
        """Of the portal's own log."""

    @property
    def clock(self) -> Clock:
        """The clock of the run."""

    @property
    def standing(self) -> Standing:
        """How receipts about calls are made."""

    @property
    def connections(self) -> Connections:
        """How long one may be used."""

    def open_gate(self) -> Gate:
        """Compile the sealed rules, and count what the log says of calls under them."""

    def begin(
        self, loop: asyncio.AbstractEventLoop, stand: Callable[[Footing], None], ended: Callable[[], None]
    ) -> Future[int]:
        """Begin the run; the future has the exit code.

        `stand` is told where the server stands, `ended` that there is nothing behind the portal any more; both in
        `loop`.
        """

    def complaint(self) -> str | None:
        """Return why no connection to the server may be made now."""

    def owns(self, pid: int) -> bool:
        """Return whether a process is the server's: the one that was measured, or one that it started."""

    def pass_on(self, number: signal.Signals) -> None:
        """Hand a signal on to the server, if it is ours."""

    def finish(self) -> None:
        """Let the run stop: everything is recorded."""
