"""The portal over HTTP: what it adds to a call, against the server directly, a plain reverse proxy, and other proxies.

Callers and server cost as little as they can, and are the same for all, so that what is between them is what is
measured: the times of single calls, the rate of 16 callers at once, and the processor time of the process in between,
in which nobody else on the machine has a part. The rate is of the whole, callers and server included, on the
processors that there are. A portal whose receipts are neither made nor written shows what is left for them: no user
has such a one. `mcp-proxy` has servers on standard input and output behind it, and is measured with one:
that is a process of its own, and the time of no server is counted for anybody.

The others are installed into environments of their own, where the index can be reached; not in a quick run.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from benchmarks.portal import Figures
from benchmarks.report import Report, at_least, at_most, figure
from benchmarks.setting import Setting
from benchmarks.web_callers import CALLERS, PAYLOAD, call_through
from benchmarks.web_echo import echo_server
from tests.portal_world import SERVER, portal_words, seal_server

CALLS: Final = 1000
_ROUNDS: Final = 6
_TMPFS: Final = Path("/dev/shm")  # noqa: S108  (what it is for: a log without a disk)
_PLAIN: Final = Path(__file__).with_name("plain_proxy.py")
_FASTMCP: Final = """
import sys
from fastmcp.server import create_proxy
create_proxy(sys.argv[2]).run(transport="http", host="127.0.0.1", port=int(sys.argv[1]), show_banner=False)
"""
_UNRECORDED: Final = """
import sys
from attest.cli.door import enter
from attest.recorder import Recorded, Recorder
record_all = Recorder.record_all
def record_nothing(self, drafts):
    if any("/tool-" not in draft.predicate_type for draft in drafts):
        return record_all(self, drafts)
    return [Recorded(sequence=1, entry=b"", receipt=b"", digest="0" * 64) for _ in drafts]
Recorder.record_all = record_nothing
sys.exit(enter(sys.argv[1:]))
"""
"""`attest`, but for receipts of calls."""
PEERS: Final = {"fastmcp": "fastmcp==4.1.2", "mcp-proxy": "mcp-proxy==0.13.0"}
_INSTALL_SECONDS: Final = 300

Way = tuple[str, int]
"""A way to the server: its URL, and the process in between."""


def run(setting: Setting) -> Report:
    """Call an echo server directly, through the portal, and through other proxies."""
    amount, folder = setting.size(CALLS), setting.folder / "web"
    folder.mkdir()
    (folder / "fastmcp_proxy.py").write_text(_FASTMCP)
    (folder / "line.py").write_text(SERVER)
    remarks = list[str]()
    with tempfile.TemporaryDirectory(dir=_TMPFS) as memory, ExitStack() as stack:
        portal = stack.enter_context(_portal(folder, Path(memory) / "log"))
        unrecorded = stack.enter_context(_portal(_below(folder, "unrecorded"), Path(memory) / "none", _UNRECORDED))
        url = stack.enter_context(_server(folder))
        ways: dict[str, Way] = {"portal": portal, "direct": (url, os.getpid()), "unrecorded": unrecorded}
        ways["plain"] = stack.enter_context(_proxy(folder, [sys.executable, str(_PLAIN)], url))
        for name, pin in {} if setting.quick else PEERS.items():
            try:
                ways[name] = stack.enter_context(_peer(folder, install(folder / name, pin), name, url))
            except (OSError, subprocess.SubprocessError) as error:
                remarks.append(f"{name}: not measured, {type(error).__name__}")
        seen = measure(ways, amount, rounds=1 if setting.quick else _ROUNDS)
    remarks += [_remark(name, seen[name]) if name in seen else f"{name}: not measured, no answers" for name in ways]
    return _report(seen, tuple(remarks))


def measure(ways: Mapping[str, Way], amount: int, *, rounds: int) -> dict[str, Figures]:
    """Measure all ways in turn, in so many rounds, and return the best of each: what else ran cost it least."""
    seen: dict[str, list[Figures]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name in tuple(seen):
            try:
                seen[name].append(_measure(ways[name], amount // 10 if name in PEERS else amount))
            except (OSError, AssertionError):
                if name not in PEERS:
                    raise
                # It does not answer as it should: that is no call.
                del seen[name]
    return {name: _best(each) for name, each in seen.items()}


def _best(seen: Sequence[Figures]) -> Figures:
    return Figures(
        seconds=min(seen, key=lambda each: each.p50).seconds,
        rate=max(each.rate for each in seen),
        cpu=min(each.cpu for each in seen),
    )


def _report(seen: Mapping[str, Figures], remarks: tuple[str, ...]) -> Report:
    portal, direct, plain, bare = (seen[name] for name in ("portal", "direct", "plain", "unrecorded"))
    peers = [name for name in PEERS if name in seen]
    return Report(
        title=f"portal over HTTP: an echo of {len(PAYLOAD)} bytes, two receipts a call, log on tmpfs",
        remarks=remarks,
        races=(),
        outcomes=(
            figure("time: added by the portal over HTTP, p50", portal.p50 - direct.p50, "ms", at_most(0.7)),
            figure("time: added by the portal over HTTP, p99", portal.p99 - direct.p99, "ms", at_most(2)),
            figure("time: a call through the portal / through a plain reverse proxy, p50", portal.p50 / plain.p50, "x"),
            figure("rate: calls a second of processor time, HTTP", 1 / portal.cpu, "/s", at_least(1500)),
            figure("rate: a plain reverse proxy / the portal", plain.rate / portal.rate, "x", at_most(2)),
            figure("time: of a processor, the portal / a plain reverse proxy", portal.cpu / plain.cpu, "x"),
            figure("rate: a plain reverse proxy / a portal without receipts", plain.rate / bare.rate, "x"),
            *(figure(f"rate: the portal / {name}", portal.rate / seen[name].rate, "x", at_least(5)) for name in peers),
            *(figure(f"rate: a portal without receipts / {name}", bare.rate / seen[name].rate, "x") for name in peers),
            *(figure(f"time: of a processor, {name} / the portal", seen[name].cpu / portal.cpu, "x") for name in peers),
        ),
    )


def _remark(name: str, seen: Figures) -> str:
    alone = f"{name:<10} 1 caller p50 {seen.p50:.3f} ms, p99 {seen.p99:.3f} ms; {CALLERS} callers {seen.rate:,.0f}/s"
    return alone if name == "direct" else f"{alone}, {seen.cpu * 1e6:,.0f} us of processor time a call"


def _measure(way: Way, amount: int) -> Figures:
    url, process = way
    single, together = call_through(url, amount, lambda: _cpu_seconds(process))
    return Figures(seconds=single, rate=amount / together.wall, cpu=max(1e-9, together.cpu) / amount)


@contextmanager
def _server(folder: Path) -> Iterator[str]:
    port = _free_port()
    (folder / "echo.py").write_text(echo_server(port))
    with _started([sys.executable, "-S", "echo.py"], folder):
        yield f"http://127.0.0.1:{port}/mcp"


def _below(folder: Path, name: str) -> Path:
    made = folder / name
    made.mkdir()
    return made


@contextmanager
def _portal(folder: Path, log: Path, program: str | None = None) -> Iterator[Way]:
    """Start a portal over an echo server; `program` is run in place of `attest`."""
    ours, port = _free_port(), _free_port()
    seal_server(folder, server=echo_server(port), cycle=600, max_gap=3600, max_age=3600)
    python, *words = [str(log) if word == "log" else word for word in portal_words()]
    words = [python, *words] if program is None else [python, "-c", program, *words[2:]]
    upstream = ["--upstream", f"http://127.0.0.1:{port}/mcp", "--listen", f"127.0.0.1:{ours}"]
    with _started([*words, *upstream], folder) as process:
        yield f"http://127.0.0.1:{ours}/mcp", process.pid


@contextmanager
def _proxy(folder: Path, command: list[str], url: str) -> Iterator[Way]:
    ours = _free_port()
    with _started([*command, str(ours), url], folder) as process:
        yield f"http://127.0.0.1:{ours}/mcp", process.pid


def install(place: Path, pin: str) -> Path:
    """Install a proxy into an environment of its own; raises `OSError` and `SubprocessError`."""
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True, timeout=_INSTALL_SECONDS)
    command = [str(place / "bin/pip"), "install", "-q", "--only-binary", ":all:", pin]
    subprocess.run(command, check=True, timeout=_INSTALL_SECONDS, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return place


@contextmanager
def _peer(folder: Path, place: Path, name: str, url: str) -> Iterator[Way]:
    if name == "fastmcp":
        with _proxy(folder, [str(place / "bin/python"), "fastmcp_proxy.py"], url) as way:
            yield way
        return
    # It has servers on standard input and output behind it.
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
    """Return what all threads of a process have run, as the scheduler counts it: to the nanosecond, not in ticks."""
    threads = Path(f"/proc/{process}/task").glob("*/schedstat")
    return sum(int(each.read_text().split()[0]) for each in threads) / 1e9


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
