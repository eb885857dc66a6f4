"""`--watch`: the servers of a running agent on a terminal, drawn anew each second and after each cycle."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Final, Self, TextIO

from attest.agent.board import AgentStatus, Board, ServerStatus
from attest.agent.keeping import Reported
from attest.cli.canvas import DIM, Canvas, Paint, span
from attest.codec import instant
from attest.codec.printable import printable
from attest.statement.states import State

_COLOURS: Final = {State.MATCH: "32", State.STALE: "33", State.UNKNOWN: "33", State.DRIFT: "1;31"}
_BARS: Final = "▁▂▃▄▅▆▇█"
_MESSAGES: Final = 5
_NAME: Final = 28


class Watch:
    """A voice that draws instead of printing lines; the terminal is as before when it ends, however it ends."""

    def __init__(self, board: Board, terminal: TextIO | None = None) -> None:
        """Draw on standard output; raise `click.UsageError` if that is no terminal."""
        self._canvas: Final = Canvas("--watch", terminal)
        self._board = board
        self._messages: deque[str] = deque(maxlen=_MESSAGES)
        self._wake = threading.Event()
        self._ended = False
        self._thread = threading.Thread(target=self._draw_on, name="watch", daemon=True)

    def __enter__(self) -> Self:
        self._canvas.enter()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended = True
        self._wake.set()
        self._thread.join()
        self._canvas.leave()

    def report(self, reported: Reported) -> None:
        """Take up a cycle, which the board has already; what was done about it stays to be read."""
        if reported.outcome is not None:
            self.tell(f"{reported.server.reference.server.name}: {reported.outcome}")
        self._wake.set()

    def tell(self, line: str) -> None:
        """Keep a message on the screen until others take its place."""
        self._messages.append(f"{time.strftime('%H:%M:%S', time.gmtime())}Z  {printable(line)}")
        self._wake.set()

    def _draw_on(self) -> None:
        while not self._ended:
            self._wake.clear()
            self._draw()
            self._wake.wait(1.0)

    def _draw(self) -> None:
        size = self._canvas.size()
        lines = screen(
            self._board.status(),
            self._board.durations(),
            tuple(self._messages),
            now=time.time_ns() // 1_000_000,
            columns=size.columns,
            rows=size.rows,
            paint=self._canvas.paint,
        )
        self._canvas.draw(lines)


def screen(
    status: AgentStatus,
    durations: Mapping[str, Sequence[int]],
    messages: Sequence[str],
    *,
    now: int,
    columns: int,
    rows: int,
    paint: Paint,
) -> list[str]:
    """Return what stands on the screen, at most `rows` lines of at most `columns` characters, colours not counted."""
    matching = sum(each.state is State.MATCH for each in status.servers)
    since = span(now - instant.parse(status.began_at))
    head = f"attest agent {status.pid}  ·  {matching} of {len(status.servers)} as sealed  ·  for {since}"
    lines = [head[:columns], paint(printable(status.log)[:columns], DIM), ""]
    tail = ["", *(paint(message[:columns], DIM) for message in messages), paint("Ctrl-C ends"[:columns], DIM)]
    space = max(1, rows - len(lines) - len(tail))
    worst_first = sorted(status.servers, key=lambda each: (each.state is State.MATCH, each.name))
    body: list[str] = []
    shown = 0
    for each in worst_first:
        block = _block(each, durations.get(each.name, ()), now, columns, paint)
        if len(body) + len(block) > space - (each is not worst_first[-1]):
            break
        body += block
        shown += 1
    left = len(worst_first) - shown
    if left:
        body.append(paint(f"and {left} more"[:columns], DIM))
    return [*lines, *body, *tail][:rows]


def _block(each: ServerStatus, took: Sequence[int], now: int, columns: int, paint: Paint) -> list[str]:
    state = each.state.value.upper()
    name = printable(each.name)[:_NAME].ljust(_NAME)
    age = span(now - instant.parse(each.measured_at))
    text = f" {name} {age:>8} ago  {each.files:>7,} files {each.bytes / 1e6:>8.1f} MB  {each.took_milliseconds:>6,} ms "
    room = max(0, columns - len(text) - 8)
    line = f"{paint(state.ljust(8)[:columns], _COLOURS[each.state])}{text[: max(0, columns - 8)]}"
    lines = [line + paint(sparkline(took, room), DIM)]
    if each.finding is not None and (each.state is not State.MATCH or each.not_matching):
        last = "" if each.state is not State.MATCH else "last: "
        lines.append(paint(f"         {last}{printable(each.finding)}"[:columns], DIM))
    return lines


def sparkline(values: Sequence[int], room: int) -> str:
    """Return the newest values as bars, the largest of them as the highest."""
    newest = values[-room:] if room else ()
    top = max(newest, default=0) or 1
    return "".join(_BARS[min(len(_BARS) - 1, value * len(_BARS) // (top + 1))] for value in newest)
