"""What `attest portal` tells whoever watches it: lines or JSON on standard error, numbers for Prometheus."""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, final

import click

from attest.cli.agent_log import Voice, echo_json, json_voice
from attest.cli.launching import reporter, tell
from attest.codec.printable import printable

if TYPE_CHECKING:
    from attest.agent.keeping import Reported
    from attest.agent.launching.launch import Launch
    from attest.agent.sealed import SealedServer
    from attest.codec.clock import Clock
    from attest.portal.following.following import Following
    from attest.portal.observing.counts import Counts
    from attest.portal.observing.observed import Observe, Observed
    from attest.portal.remote.remote import Remote

_MAX_UNTOLD: Final = 4096
"""Decisions that wait for whoever reads standard error."""
_LAST_SECONDS: Final = 2.0
"""How long the last lines may take to be written, at the end."""


def watching_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options."""
    formats, served = click.Choice(["text", "json"]), "Serve Prometheus's text format; on loopback without HOST."
    for option in (
        click.option(
            "--log-format", type=formats, default="text", help="json: JSON Lines on standard error, one a decision."
        ),
        click.option("--metrics", metavar="[HOST:]PORT", help=served),
        click.option("--otel", is_flag=True, help="Spans and metrics for OpenTelemetry, as OTEL_* variables say."),
    ):
        command = option(command)
    return command


def portal_voice(given: Mapping[str, Any]) -> Voice:
    """Return how cycles are reported, and what no receipt can say; standard output is the server's."""
    return json_voice() if given["log_format"] == "json" else Voice(report=reporter(), tell=tell)


@contextmanager
def watching(launch: Launch | Remote, voice: Voice, given: Mapping[str, Any]) -> Iterator[Observe | None]:
    """Yield what is to be told of each decision; None if nobody asked for any of it."""
    with _observing(
        launch.server, launch.run.clock, voice, given, lambda address: _metrics(launch, voice, address)
    ) as observe:
        yield observe


@contextmanager
def watching_calls(following: Following, voice: Voice, given: Mapping[str, Any]) -> Iterator[Observe | None]:
    """Do as `watching` where somebody else measures: of the server's state his own metrics tell."""
    with _observing(
        following.server, following.clock, voice, given, lambda address: _metrics_of_calls(following, voice, address)
    ) as observe:
        yield observe


@contextmanager
def _observing(
    server: SealedServer,
    clock: Clock,
    voice: Voice,
    given: Mapping[str, Any],
    metrics: Callable[[str], AbstractContextManager[Observe]],
) -> Iterator[Observe | None]:
    from attest.portal.observing.observed import all_of

    with ExitStack() as stack:
        observers: list[Observe] = []
        if given["log_format"] == "json":
            observers.append(stack.enter_context(_json_lines(clock.real)))
        if given["metrics"] is not None:
            observers.append(stack.enter_context(metrics(given["metrics"])))
        if given["otel"]:
            observers.append(stack.enter_context(_otel(server, voice, given)))
        yield all_of(observers)


def _counts(server: SealedServer, log: Path, clock: Clock) -> Counts:
    from attest.portal.observing.counts import Counts

    rules = server.reference.tools
    names = () if rules is None else tuple(each.name for each in rules.definitions)
    return Counts(names, log, clock.boot)


@contextmanager
def _metrics_of_calls(following: Following, voice: Voice, address: str) -> Iterator[Observe]:
    from attest.agent.exposition import serving

    counts = _counts(following.server, following.request.log, following.clock)
    with serving(address, counts.lines) as where:
        voice.tell(f"metrics at http://{where}/metrics")
        yield counts.observe


@contextmanager
def _metrics(launch: Launch | Remote, voice: Voice, address: str) -> Iterator[Observe]:
    from attest.agent.board import Board
    from attest.agent.exposition import serving
    from attest.agent.metrics import text_of

    report = launch.run.report
    counts = _counts(launch.server, launch.request.log, launch.run.clock)
    board = Board(log=launch.request.log, began_at=launch.run.clock.real())

    def reported(cycle: Reported) -> None:
        board.take(cycle)
        counts.measured(cycle)
        report(cycle)

    def lines() -> Iterator[str]:
        yield from text_of(board.status())
        yield from counts.lines()

    launch.run.report = reported
    with serving(address, lines) as where:
        voice.tell(f"metrics at http://{where}/metrics")
        yield counts.observe


def _otel(server: SealedServer, voice: Voice, given: Mapping[str, Any]) -> AbstractContextManager[Observe]:
    from attest.portal.observing.exporting import exporting

    rules = server.reference.tools
    names = () if rules is None else tuple(each.name for each in rules.definitions)
    methods, say = () if rules is None else rules.methods, Sparing(voice.tell)
    if given["upstream"] is None:
        return exporting(names, methods, transport="pipe", say=say)
    from attest.portal.web.exchange import traceparent_of

    return exporting(names, methods, transport="tcp", say=say, ambient=traceparent_of)


@contextmanager
def _json_lines(real: Callable[[], int]) -> Iterator[Observe]:
    from attest.portal.observing.telling import told_of

    with Aside(echo_json) as aside:

        def observe(observed: Observed) -> None:
            aside.put(told_of(observed, real()))

        yield observe


@final
class Aside:
    """Writes objects in a thread of its own: whoever does not read standard error holds up no call.

    What is more than can wait is left out and counted; the log has it.
    """

    def __init__(self, write: Callable[[Mapping[str, object]], None]) -> None:
        """Write with `write`, which may block."""
        self._write = write
        self._queue: queue.Queue[Mapping[str, object] | None] = queue.Queue(_MAX_UNTOLD)
        self._untold = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, name="lines", daemon=True)

    def __enter__(self) -> Aside:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        with suppress(queue.Full):
            self._queue.put_nowait(None)
        self._thread.join(_LAST_SECONDS)

    def put(self, told: Mapping[str, object]) -> None:
        """Have an object written, if there is room."""
        try:
            self._queue.put_nowait(told)
        except queue.Full:
            self._untold += 1

    def _work(self) -> None:
        try:
            while (told := self._queue.get()) is not None:
                self._write(told)
                if self._untold:
                    untold, self._untold = self._untold, 0
                    message = f"{untold} lines were left out, because nobody read them: see the log"
                    self._write({"event": "notice", "level": "warning", "message": message})
                if self._ended.is_set() and self._queue.empty():
                    return
        except OSError:
            # Nobody will ever read: what comes from now on is only counted.
            return


@final
class Sparing:
    """Says what a portal has to say, and counts what would be too much: a client may keep all of it."""

    _LINES: Final = 20
    _SPAN: Final = 10.0
    """Seconds in which so many lines are said."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        """Say it by `tell`; for any thread."""
        self._tell = tell
        self._lock = threading.Lock()
        self._said: deque[float] = deque(maxlen=self._LINES)
        self._unsaid = 0

    def __call__(self, line: str) -> None:
        """Say a line, or count it."""
        with self._lock:
            now = time.monotonic()
            if len(self._said) == self._LINES and now - self._said[0] < self._SPAN:
                self._unsaid += 1
                return
            self._said.append(now)
            if self._unsaid:
                self._tell(f"and {self._unsaid} lines more")
                self._unsaid = 0
            self._tell(printable(line))
