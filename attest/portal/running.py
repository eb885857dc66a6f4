"""The agent's run in a thread of its own, beside the event loop that carries the messages.

It starts the server, if that is ours, looks at it and records. It stops only once all that belongs to it is recorded.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final, final

from attest.agent.keeping import Reported
from attest.agent.run import Run
from attest.portal.measuring import footing_after
from attest.portal.session.gate import Footing

_FINISH_SECONDS: Final = 30.0
"""How long the run waits for what is still to be recorded."""


@final
class Running:
    """One run that measures a server: one that it started, or one elsewhere."""

    def __init__(
        self,
        run: Run,
        until_ended: Callable[[], int],
        loop: asyncio.AbstractEventLoop,
        *,
        stand: Callable[[Footing], None],
        server_ended: Callable[[], None],
        end: Callable[[], None] = lambda: None,
    ) -> None:
        """`until_ended` runs it and returns the exit code; `end` ends the server if it is ours.

        `stand` is told each cycle's footing, `server_ended` that there is no server any more; both in `loop`.
        """
        self._run = run
        self._until_ended = until_ended
        self._loop = loop
        self._stand = stand
        self._server_ended = server_ended
        self._end = end
        self._finished = threading.Event()
        self._footing = Footing(upstream="not started")
        self._report = run.report
        self._code: Future[int] = Future()
        run.report = self._reported
        run.before_stop = self._before_stop
        for target in run.request.targets:
            # Each clean cycle has a receipt of its own, on which permits can rely.
            target.windows.clear()

    def start(self) -> Future[int]:
        """Begin; the future has the exit code."""
        # The server ends with the thread that starts it: not one of a pool.
        threading.Thread(target=self._go, name="attest-run", daemon=True).start()
        return self._code

    def finish(self) -> None:
        """Let the run stop: everything is recorded."""
        self._finished.set()
        self._run.stop.set()

    def _go(self) -> None:
        try:
            code = self._until_ended()
        except BaseException as error:  # noqa: BLE001  (it is raised again, in the thread that waits)
            self._code.set_exception(error)
        else:
            self._code.set_result(code)

    def _reported(self, reported: Reported) -> None:
        self._footing = footing_after(self._footing, reported, self._run)
        self._loop.call_soon_threadsafe(self._stand, self._footing)
        self._report(reported)

    def _before_stop(self) -> None:
        self._end()
        self._loop.call_soon_threadsafe(self._server_ended)
        self._finished.wait(_FINISH_SECONDS)
