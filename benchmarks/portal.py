"""The portal over stdio: what it adds to each call, and how many calls it carries, against the same server directly.

The client is as raw as the server: lines on pipes, no library. "Buffered" has the log on tmpfs, "durable" on the disk.
What nobody can go below stands beside it: a program that only copies, the signatures, the commit.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import median, quantiles
from timeit import repeat
from typing import Final

from attest.tlog.stores.row import NewRow
from attest.tlog.stores.sqlite import create_or_open_writer
from benchmarks.machine import file_system_of
from benchmarks.report import Report, at_least, at_most, figure
from benchmarks.setting import Setting
from tests.portal_world import TOOLS, portal_words, seal_server
from tests.world import WRITER

CALLS: Final = 4000
CALLERS: Final = 16
_WARM_UP: Final = 200
_ROUNDS: Final = 3
_TMPFS: Final = Path("/dev/shm")  # noqa: S108  (what it is for: a log without a disk)
_PAYLOAD: Final = "x" * 100
_RECEIPT_BYTES: Final = 2300
_COPIER: Final = Path(__file__).with_name("plain_pipe.py")

_ECHO: Final = """
import json, sys
TOOLS = json.loads(%s)
for line in sys.stdin.buffer:
    message = json.loads(line)
    if "id" not in message:
        continue
    method, answer = message["method"], {}
    if method == "tools/call":
        answer = {"content": [{"type": "text", "text": message["params"]["arguments"]["text"]}]}
    elif method == "tools/list":
        answer = {"tools": list(TOOLS.values())}
    sys.stdout.buffer.write(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": answer}).encode() + b"\\n")
    sys.stdout.buffer.flush()
"""
"""As little as a server can be, so that what is between it and its client counts."""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Of one way to the server: the times of single calls, and the rate of many at once."""

    seconds: tuple[float, ...]
    rate: float
    cpu: float
    """Seconds of processor a call, of the process between client and server; 0 where there is none."""

    @property
    def p50(self) -> float:
        """The median, in milliseconds."""
        return median(self.seconds) * 1000

    @property
    def p99(self) -> float:
        """The 99th percentile, in milliseconds."""
        return quantiles(self.seconds, n=100)[98] * 1000


class _Line:
    """A client on a program's standard input and output."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process = process
        self._in, self._out = process.stdin.fileno(), process.stdout.fileno()
        self._next = 0

    def open(self) -> None:
        """Shake hands."""
        self._ask({"method": "initialize", "params": {"protocolVersion": "2025-11-25"}})
        os.write(self._in, b'{"jsonrpc":"2.0","method":"notifications/initialized"}\n')

    def one_by_one(self, amount: int) -> tuple[float, ...]:
        """Call so many times, each after the answer to the one before; return how long each took."""
        taken: list[float] = []
        for _ in range(amount):
            line = self._call()
            began = time.perf_counter()
            os.write(self._in, line)
            self._wait(1)
            taken.append(time.perf_counter() - began)
        return tuple(taken)

    def together(self, amount: int) -> float:
        """Call so many times, always `CALLERS` at once; return how long all took."""
        began = time.perf_counter()
        os.write(self._in, b"".join(self._call() for _ in range(CALLERS)))
        sent, answered = CALLERS, 0
        while answered < amount:
            came = self._wait(1)
            answered += came
            more = min(came, amount - sent)
            if more > 0:
                os.write(self._in, b"".join(self._call() for _ in range(more)))
                sent += more
        return time.perf_counter() - began

    def cpu_seconds(self) -> float:
        """Return the processor time of the program so far, without its children."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _ask(self, message: dict[str, object]) -> None:
        os.write(self._in, json.dumps({"jsonrpc": "2.0", "id": "first", **message}).encode() + b"\n")
        self._wait(1)

    def _call(self) -> bytes:
        self._next += 1
        params = {"name": "echo", "arguments": {"text": _PAYLOAD}}
        message = {"jsonrpc": "2.0", "id": self._next, "method": "tools/call", "params": params}
        return json.dumps(message).encode() + b"\n"

    def _wait(self, answers: int) -> int:
        came = 0
        while came < answers:
            octets = os.read(self._out, 1 << 20)
            assert octets, "the program ended"
            assert b'"error"' not in octets, octets
            came += octets.count(b"\n")
        return came


def run(setting: Setting) -> Report:
    """Call an echo server directly, through the portal with a log in memory, and with one on the disk."""
    amount = setting.size(CALLS)
    with tempfile.TemporaryDirectory(dir=_TMPFS) as memory:
        ways = {
            "direct": lambda: _direct(setting.folder),
            "copied": lambda: _copied(setting.folder),
            "buffered": lambda: _through(setting.folder, Path(memory) / "log"),
            "durable": lambda: _through(setting.folder, setting.folder / "log"),
        }
        (setting.folder / "echo.py").write_text(_program())
        seal_server(setting.folder, server=_program(), cycle=600, max_gap=3600, max_age=3600)
        seen = {
            name: [_measure(way, amount) for _ in range(1 if setting.quick else _ROUNDS)] for name, way in ways.items()
        }
    best = {name: min(figures, key=lambda each: each.p50) for name, figures in seen.items()}
    rates = {name: max(each.rate for each in figures) for name, figures in seen.items()}
    direct, buffered = best["direct"], best["buffered"]
    cores = 1 / min(each.cpu for each in seen["buffered"])
    return Report(
        title=f"portal: an echo of {len(_PAYLOAD)} bytes over stdio, two receipts a call, log on tmpfs and on "
        f"{file_system_of(setting.folder)}",
        remarks=tuple(
            f"{name:<9} 1 caller p50 {each.p50:.3f} ms, p99 {each.p99:.3f} ms; {CALLERS} callers {rates[name]:,.0f}/s"
            for name, each in best.items()
        )
        + _floor(best["copied"].p50 - direct.p50),
        races=(),
        outcomes=(
            figure("time: added by the portal, buffered, p50", buffered.p50 - direct.p50, "ms", at_most(0.35)),
            figure("time: added by the portal, buffered, p99", buffered.p99 - direct.p99, "ms", at_most(1)),
            figure("rate: calls a second of processor time, buffered", cores, "/s", at_least(4000)),
            figure(f"rate: calls a second, buffered, {CALLERS} callers", rates["buffered"], "/s"),
            figure(f"rate: calls a second, durable, {CALLERS} callers", rates["durable"], "/s", at_least(3000)),
        ),
    )


def _measure(way: Callable[[], AbstractContextManager[_Line]], amount: int) -> Figures:
    with way() as line:
        line.open()
        line.one_by_one(min(_WARM_UP, amount))
        seconds = line.one_by_one(amount)
        before = line.cpu_seconds()
        taken = line.together(amount)
        return Figures(seconds=seconds, rate=amount / taken, cpu=max(1e-9, line.cpu_seconds() - before) / amount)


@contextmanager
def _direct(folder: Path) -> Iterator[_Line]:
    with _started([sys.executable, "-S", "echo.py"], folder) as line:
        yield line


@contextmanager
def _copied(folder: Path) -> Iterator[_Line]:
    with _started([sys.executable, str(_COPIER), sys.executable, "-S", "echo.py"], folder) as line:
        yield line


def _floor(copied: float) -> tuple[str, ...]:
    """Say of what a call's added time consists at the least, one after the other; `copied` in milliseconds."""
    signed = min(repeat(lambda: WRITER.sign(b"x" * _RECEIPT_BYTES), number=100, repeat=20)) * 10
    with tempfile.TemporaryDirectory(dir=_TMPFS) as memory:
        writer = create_or_open_writer(Path(memory) / "log")
        sizes = count(0, 2)
        row = NewRow(entry=bytes(300), receipt=bytes(_RECEIPT_BYTES), commitment="", subtrees=bytes(64))
        committed = min(repeat(lambda: writer.append(next(sizes), (row, row)), number=100, repeat=20)) * 10
        writer.close()
    parts = f"a program that copies {copied:.3f} ms, two signatures {2 * signed:.3f} ms, a commit {committed:.3f} ms"
    return (f"floor: {parts}, each by itself and warm; together {copied + 2 * signed + committed:.3f} ms",)


@contextmanager
def _through(folder: Path, log: Path) -> Iterator[_Line]:
    words = [str(log) if word == "log" else word for word in portal_words()]
    with _started(words, folder) as line:
        yield line


@contextmanager
def _started(words: list[str], folder: Path) -> Iterator[_Line]:
    with subprocess.Popen(
        words, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield _Line(process)
            process.communicate(timeout=60)
        finally:
            process.kill()


def _program() -> str:
    return _ECHO % repr(json.dumps(TOOLS))
