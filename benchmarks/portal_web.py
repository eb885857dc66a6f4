"""The portal over HTTP: what it adds to a call, against the server directly, a plain reverse proxy, and other proxies.

Callers and server cost as little as they can, and are the same for all, so that what is between them is what is
measured: the times of single calls, the rate of 16 callers at once, and the processor time of the process in between,
in which nobody else on the machine has a part. The rate is of the whole, callers and server included, on the
processors that there are. `mcp-proxy` has servers on standard input and output behind it, and is measured with one:
that is a process of its own, and the time of no server is counted for anybody.

The others are installed into environments of their own, where the index can be reached; not in a quick run.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.portal import Figures
from benchmarks.report import Report, at_least, at_most, figure
from benchmarks.setting import Setting
from benchmarks.web_callers import CALLERS, PAYLOAD, call_through
from benchmarks.web_echo import echo_server
from tests.portal_world import SERVER, portal_words, seal_server

CALLS: Final = 2000
_TMPFS: Final = Path("/dev/shm")  # noqa: S108  (what it is for: a log without a disk)
_PLAIN: Final = Path(__file__).with_name("plain_proxy.py")
_FASTMCP: Final = """
import sys
from fastmcp.server import create_proxy
create_proxy(sys.argv[2]).run(transport="http", host="127.0.0.1", port=int(sys.argv[1]), show_banner=False)
"""
PEERS: Final = {"fastmcp": "fastmcp==4.1.2", "mcp-proxy": "mcp-proxy==0.13.0"}
_INSTALL_SECONDS: Final = 300

Way = Callable[[], AbstractContextManager[tuple[str, int]]]
"""Opens a way to the server: its URL, and the process in between."""


def run(setting: Setting) -> Report:
    """Call an echo server directly, through the portal, and through other proxies."""
    amount, port, folder = setting.size(CALLS), _free_port(), setting.folder / "web"
    folder.mkdir()
    program = echo_server(port)
    (folder / "echo.py").write_text(program)
    (folder / "fastmcp_proxy.py").write_text(_FASTMCP)
    seal_server(folder, server=program, cycle=600, max_gap=3600, max_age=3600)
    remarks, seen = list[str](), dict[str, Figures]()
    with tempfile.TemporaryDirectory(dir=_TMPFS) as memory:
        seen["portal"] = _measure(lambda: _portal(folder, Path(memory) / "log", port), amount)
    with _started([sys.executable, "-S", "echo.py"], folder):
        url = f"http://127.0.0.1:{port}/mcp"
        seen["direct"] = _measure(lambda: _at(url), amount)
        seen["plain"] = _measure(lambda: _proxy(folder, [sys.executable, str(_PLAIN)], url), amount)
        for name, pin in {} if setting.quick else PEERS.items():
            try:
                seen[name] = _measure(partial(_peer, folder, name, pin, url), amount // 10)
            except (OSError, subprocess.SubprocessError, AssertionError) as error:
                remarks.append(f"{name}: not measured, {type(error).__name__}")
    remarks += [_remark(name, each) for name, each in seen.items()]
    portal, direct = seen["portal"], seen["direct"]
    return Report(
        title=f"portal over HTTP: an echo of {len(PAYLOAD)} bytes, two receipts a call, log on tmpfs",
        remarks=tuple(remarks),
        races=(),
        outcomes=(
            figure("time: added by the portal over HTTP, p50", portal.p50 - direct.p50, "ms", at_most(0.7)),
            figure("time: added by the portal over HTTP, p99", portal.p99 - direct.p99, "ms", at_most(2)),
            figure("rate: calls a second of processor time, HTTP", 1 / portal.cpu, "/s", at_least(1500)),
            figure("rate: a plain reverse proxy / the portal", seen["plain"].rate / portal.rate, "x", at_most(2)),
            figure("time: of a processor, the portal / a plain reverse proxy", portal.cpu / seen["plain"].cpu, "x"),
            *(figure(f"rate: the portal / {name}", portal.rate / seen[name].rate, "x", at_least(5))
              for name in PEERS if name in seen),
            *(figure(f"time: of a processor, {name} / the portal", seen[name].cpu / portal.cpu, "x")
              for name in PEERS if name in seen),
        ),
    )  # fmt: skip


def _remark(name: str, seen: Figures) -> str:
    alone = f"{name:<9} 1 caller p50 {seen.p50:.3f} ms, p99 {seen.p99:.3f} ms; {CALLERS} callers {seen.rate:,.0f}/s"
    return alone if name == "direct" else f"{alone}, {seen.cpu * 1e6:,.0f} us of processor time a call"


def _measure(way: Way, amount: int) -> Figures:
    with way() as (url, process):
        single, together = call_through(url, amount, lambda: _cpu_seconds(process))
        return Figures(seconds=single, rate=amount / together.wall, cpu=max(1e-9, together.cpu) / amount)


@contextmanager
def _at(url: str) -> Iterator[tuple[str, int]]:
    yield url, os.getpid()


@contextmanager
def _portal(folder: Path, log: Path, port: int) -> Iterator[tuple[str, int]]:
    ours = _free_port()
    words = [str(log) if word == "log" else word for word in portal_words()]
    upstream = ["--upstream", f"http://127.0.0.1:{port}/mcp", "--listen", f"127.0.0.1:{ours}"]
    with _started([*words, *upstream], folder) as process:
        yield f"http://127.0.0.1:{ours}/mcp", process.pid


@contextmanager
def _proxy(folder: Path, command: list[str], url: str) -> Iterator[tuple[str, int]]:
    ours = _free_port()
    with _started([*command, str(ours), url], folder) as process:
        yield f"http://127.0.0.1:{ours}/mcp", process.pid


@contextmanager
def _peer(folder: Path, name: str, pin: str, url: str) -> Iterator[tuple[str, int]]:
    place = folder / name
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True, timeout=_INSTALL_SECONDS)
    install = [str(place / "bin/pip"), "install", "-q", "--only-binary", ":all:", pin]
    subprocess.run(install, check=True, timeout=_INSTALL_SECONDS, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if name == "fastmcp":
        with _proxy(folder, [str(place / "bin/python"), "fastmcp_proxy.py"], url) as way:
            yield way
        return
    # It has servers on standard input and output behind it.
    (folder / "line.py").write_text(SERVER)
    ours = _free_port()
    command = [str(place / "bin/mcp-proxy"), "--port", str(ours), "--", sys.executable, "-S", "line.py"]
    with _started(command, folder) as process:
        yield f"http://127.0.0.1:{ours}/mcp", process.pid


@contextmanager
def _started(words: list[str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        words, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def _cpu_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
