"""A server that the portal itself starts, measures, and ends with."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final, final

from attest.agent.launching.launch import Launch
from attest.errors import RefusedError
from attest.measure.upstreams.addresses import check_address, is_secure
from attest.measure.upstreams.local_sockets import folder_complaint, socket_path
from attest.portal.opening import open_launch_gate
from attest.portal.owner import family_of, listening_complaint
from attest.portal.running import Running
from attest.portal.session.gate import Footing, Gate
from attest.portal.web.upstream import Connections
from attest.statement.tools.rules import Upstream

_CLOSED: Final = "make one that is closed to everybody else: mkdir -m 700"


@final
class Launched:
    """The server of one launch, which is to listen at an address."""

    connections: Final = Connections.KEPT

    def __init__(self, launch: Launch, url: str) -> None:
        """Nothing is started yet; `url` is where it is to listen. Raises `RefusedError` for one that may not be."""
        self._launch = launch
        self._socket = socket_path(url)
        if self._socket is not None and (why := self._folder_complaint(self._socket)) is not None:
            raise RefusedError("--upstream", "a socket in a folder for the server alone", why, hint=_CLOSED)
        self._place = ("", 0) if self._socket is not None else check_address(Upstream(url=url))
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
        if self._socket is not None:
            return self._folder_complaint(self._socket)
        return listening_complaint(child.watched.pid, *self._place)

    def _folder_complaint(self, path: str) -> str | None:
        return folder_complaint(path, (os.geteuid(), self._launch.user.uid))

    def owns(self, pid: int) -> bool:
        """Return whether a process is the server's."""
        child = self._launch.child
        return child is not None and pid in family_of(child.watched.pid)

    def pass_on(self, number: signal.Signals) -> None:
        """Hand a signal on to the server."""
        self._launch.pass_on(number)

    def finish(self) -> None:
        """Let the run stop, and the server with it."""
        if self._running is not None:
            self._running.finish()
