"""`attest log watch`: the calls of a portal on another terminal, from its log, until `q` or Ctrl-C."""

from __future__ import annotations

import os
import select
import signal
import sys
import termios
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from attest.cli.canvas import DIM, Canvas, Paint, Size, span
from attest.codec.printable import printable
from attest.portal.observing.decided import Decided, Decision, Line
from attest.portal.observing.following import Follower
from attest.statement.states import State
from attest.statement.tools.calls import OutcomeStatus

NEWEST: Final = 2000
"""Entries before the end with which a view begins."""
_TICK_SECONDS: Final = 0.25
_STATES: Final = {State.MATCH: "32", State.STALE: "33", State.UNKNOWN: "33", State.DRIFT: "1;31"}
_DECISIONS: Final = {
    Decision.PERMIT: "32",
    Decision.DENIED: "1;31",
    Decision.AUDIT: "33",
    Decision.WITHHELD: "1;31",
    Decision.DRIFT: "1;31",
}
_OUTCOMES: Final = {OutcomeStatus.ERROR: "33", OutcomeStatus.LOST: "1;31"}
_HEADS: Final = ("AGE", "TOOL", "PRINCIPAL", "DECISION", "RULE", "OUTCOME", "TIME")
_WIDTHS: Final = (9, 24, 14, 8, 26, 14, 9)
_AT_THE_RIGHT: Final = frozenset({"AGE", "TIME"})
_END: Final = "q ends"


def watch(follower: Follower, where: str) -> None:
    """Draw what a follower reads until a person has seen enough; the terminal is as before when it ends, however.

    Raises what the follower raises: a receipt that does not verify is no picture.
    """
    canvas, decided = Canvas("log watch"), Decided()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    with _keys() as is_over:
        canvas.enter()
        try:
            while True:
                for sequence, said in follower.read():
                    decided.take(sequence, said)
                title = f"attest log watch  ·  {follower.origin}  ·  verified from entry {follower.since}"
                now = time.time_ns() // 1_000_000
                canvas.draw(picture(decided, (title, where), now=now, size=canvas.size(), paint=canvas.paint))
                if is_over():
                    return
        except KeyboardInterrupt:
            return
        finally:
            canvas.leave()


def picture(decided: Decided, titles: tuple[str, str], *, now: int, size: Size, paint: Paint) -> list[str]:
    """Return what stands on the screen: at most its rows, of at most its columns, colours not counted."""
    columns, rows = size
    head, where = (printable(each)[:columns] for each in titles)
    lines = [head, paint(where, DIM), _standing(decided, now, columns, paint), _totals(decided)[:columns], ""]
    lines.append(paint(_cells(_HEADS)[:columns], DIM))
    room = max(0, rows - len(lines) - 1)
    newest = list(decided.lines)[-room:] if room else []
    lines += [_row(each, now, columns, paint) for each in reversed(newest)]
    lines += [""] * (room - len(newest))
    return [*lines[: rows - 1], paint(_END[:columns], DIM)]


def _standing(decided: Decided, now: int, columns: int, paint: Paint) -> str:
    standing = decided.standing
    if standing is None:
        return paint("no measurement was read yet"[:columns], DIM)
    found = "" if standing.finding is None else f": {printable(standing.finding)}"
    state = standing.state.value.upper()
    said = f"  server measured {span(now - standing.at)} ago{found}"
    return paint(state[:columns], _STATES[standing.state]) + said[: max(0, columns - len(state))]


def _totals(decided: Decided) -> str:
    decisions, outcomes = decided.decisions, decided.outcomes
    said = [
        f"{decisions[Decision.PERMIT]:,} permitted",
        f"{decisions[Decision.DENIED]:,} denied",
        f"{outcomes[OutcomeStatus.RESULT]:,} answered",
    ]
    for name, count in (
        ("let pass in audit-only mode", decisions[Decision.AUDIT]),
        ("withheld", decisions[Decision.WITHHELD]),
        ("drifts of callers", decisions[Decision.DRIFT]),
        ("errors", outcomes[OutcomeStatus.ERROR]),
        ("asked for input", outcomes[OutcomeStatus.INPUT_REQUIRED]),
        ("cancelled", outcomes[OutcomeStatus.CANCELLED]),
        ("lost", outcomes[OutcomeStatus.LOST]),
        ("in flight", decided.in_flight),
    ):
        if count:
            said.append(f"{count:,} {name}")
    return "  ·  ".join(said)


def _row(line: Line, now: int, columns: int, paint: Paint) -> str:
    times = "" if line.repeated == 1 else f" x{line.repeated}"
    cells = _cells((
        span(now - line.at),
        printable(line.what) + times,
        printable(line.principal),
        line.decision.value,
        printable(line.rule),
        "" if line.outcome is None else line.outcome.value,
        "" if line.milliseconds is None else f"{line.milliseconds:,} ms",
    ))  # fmt: skip
    colours = {3: _DECISIONS[line.decision], 5: None if line.outcome is None else _OUTCOMES.get(line.outcome)}
    said, start = "", 0
    for number, width in enumerate(_WIDTHS):
        cell, colour = cells[start : start + width + 2][: max(0, columns - start)], colours.get(number)
        said += paint(cell, colour) if colour and cell else cell
        start += width + 2
    return said


def _cells(texts: tuple[str, ...]) -> str:
    cells = []
    for head, text, width in zip(_HEADS, texts, _WIDTHS, strict=True):
        cut = text if len(text) <= width else f"{text[: width - 1]}…"
        cells.append(cut.rjust(width) if head in _AT_THE_RIGHT else cut.ljust(width))
    return "  ".join(cells) + "  "


@contextmanager
def _keys() -> Iterator[Callable[[], bool]]:
    """Yield what waits a moment, and returns whether `q` was pressed meanwhile."""
    keyboard = sys.stdin.fileno()
    if not os.isatty(keyboard):
        yield _wait
        return

    def is_over() -> bool:
        ready, _, _ = select.select([keyboard], [], [], _TICK_SECONDS)
        return bool(ready) and os.read(keyboard, 64)[:1] in {b"q", b"Q", b""}

    before = termios.tcgetattr(keyboard)
    tty.setcbreak(keyboard)
    try:
        yield is_over
    finally:
        termios.tcsetattr(keyboard, termios.TCSADRAIN, before)


def _wait() -> bool:
    time.sleep(_TICK_SECONDS)
    return False
