"""Behind a portal before a server elsewhere: a run that measures who answers there, and how it describes its tools."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Final, final

from attest.agent.drafts import Standing
from attest.agent.keeping import Reported
from attest.agent.run import Run
from attest.agent.sealed import SealedServer
from attest.agent.starting import AgentRequest, check_binding, only_server, open_references, open_run
from attest.errors import RefusedError
from attest.measure.upstreams.addresses import check_address
from attest.measure.upstreams.tls_files import TlsFiles
from attest.portal.opening import open_gate
from attest.portal.remote.look import UpstreamLook, sealed_upstream
from attest.portal.running import Running
from attest.portal.session.gate import Footing, Gate
from attest.portal.web.upstream import Connections
from attest.statement.levels import Binding, Isolation

_FINDING: Final = 1
"""The exit code, if anything did not match."""

STANDING: Final = Standing(binding=Binding.REMOTE, isolation=Isolation.SAME_UID)
"""Nobody knows as whom, or on which machine, the server runs."""


@final
class Remote:
    """A server elsewhere."""

    connections: Final = Connections.KEPT
    """To whom a connection leads was checked when it was made."""
    standing: Final = STANDING

    def __init__(self, run: Run, server: SealedServer, request: AgentRequest) -> None:
        """Nothing is asked yet."""
        self.run: Final = run
        self.server: Final = server
        self.request: Final = request
        self.recorder: Final = run.recorder
        self.clock: Final = run.clock
        self._running: Running | None = None

    def open_gate(self) -> Gate:
        """Compile the sealed rules; there are none about paths among them."""
        return open_gate(self.server, self.request, self.clock, resolve=_nowhere, working_directory=None)

    def begin(
        self, loop: asyncio.AbstractEventLoop, stand: Callable[[Footing], None], ended: Callable[[], None]
    ) -> Future[int]:
        """Begin to measure."""
        self._running = Running(self.run, self._until_stopped, loop, stand=stand, server_ended=ended)
        return self._running.start()

    def complaint(self) -> str | None:
        """Return None: who answers is found out at each connection itself."""
        return None

    def owns(self, pid: int) -> bool:  # noqa: ARG002  (of `Behind`)
        """Return False: no process of this machine is."""
        return False

    def pass_on(self, number: signal.Signals) -> None:
        """Do nothing: the server is not ours to signal."""

    def finish(self) -> None:
        """Let the run stop: everything is recorded."""
        if self._running is not None:
            self._running.finish()

    def _until_stopped(self) -> int:
        return 0 if self.run.until_stopped() else _FINDING


@contextmanager
def open_remote(
    request: AgentRequest, url: str, files: TlsFiles, report: Callable[[Reported], None]
) -> Iterator[Remote]:
    """Open what it takes to measure the server at `url`; close it again.

    Raises as `open_agent` does, and `RefusedError` for a reference that has files, or is about another address.
    """
    opening = open_references(request)
    server = only_server(opening)
    check_binding(server, Binding.REMOTE)
    rules, upstream = sealed_upstream(server)
    if upstream.url != url:
        raise RefusedError("--upstream", f"the sealed address, {upstream.url}", url)
    check_address(upstream)
    look = UpstreamLook(rules, upstream, files=files, clock_ms=opening.clock.real)
    with open_run(opening, request, report, standing=STANDING, measure=look.measure) as run:
        yield Remote(run, server, request)


def _nowhere(path: str) -> str:
    """Refuse to follow the links of a server that is elsewhere."""
    message = f"nobody sees the files of the server: {path}"
    raise OSError(message)
