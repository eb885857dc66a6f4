"""A server that the portal itself starts, measures, and ends with."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final, final

from attest.agent.launching.launch import Launch
from attest.measure.upstreams.addresses import check_address, is_secure
from attest.portal.opening import open_launch_gate
from attest.portal.owner import listening_complaint
from attest.portal.running import Running
from attest.portal.session.gate import Footing, Gate
from attest.portal.web.upstream import Connections
from attest.statement.tools.rules import Upstream


@final
class Launched:
    """The server of one launch, which is to listen at an address."""

    connections: Final = Connections.KEPT

    def __init__(self, launch: Launch, url: str) -> None:
        """Nothing is started yet; `url` is where it is to listen. Raises `RefusedError` for one that may not be."""
        self._launch = launch
        self._place = check_address(Upstream(url=url))
        self._is_secure = is_secure(url)
        self._running: Running | None = None
        self.server: Final = launch.server
        self.request: Final = launch.request
        self.recorder: Final = launch.run.recorder
        self.clock: Final = launch.run.clock
        self.standing: Final = launch.run.request.standing

    def open_gate(self) -> Gate:
        """Compile the sealed rules; see `open_launch_gate`."""
        return open_launch_gate(self._launch)

    def begin(
        self, loop: asyncio.AbstractEventLoop, stand: Callable[[Footing], None], ended: Callable[[], None]
    ) -> Future[int]:
        """Start and measure it."""
        self._running = Running(
            self._launch.run, self._launch.until_ended, loop, stand=stand, server_ended=ended, end=self._launch.end
        )
        return self._running.start()

    def complaint(self) -> str | None:
        """Return why the address is not the measured server's."""
        if self._is_secure:
            return None  # The key that it shows is checked instead.
        child = self._launch.child
        if child is None:
            return "the server was not started yet"
        return listening_complaint(child.watched.pid, *self._place)

    def pass_on(self, number: signal.Signals) -> None:
        """Hand a signal on to the server."""
        self._launch.pass_on(number)

    def finish(self) -> None:
        """Let the run stop, and the server with it."""
        if self._running is not None:
            self._running.finish()
