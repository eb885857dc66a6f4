"""A started server connects where its reference lets it, and nowhere else: a real one tries."""

from __future__ import annotations

import ctypes
import json
import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from attest.agent.launching.worker import NUMBERS
from attest.measure.sandbox import landlock_version
from attest.statement.apart import NETWORK_ALONE, PIPES, SOCKETS_REFUSED
from tests.launches import PYTHON, make_launch_bench, receipts, run_words
from tests.portal_world import make_tool_rules
from tests.unprivileged import may_unshare
from tests.waiting import PATIENCE_SECONDS

TRYING = """
import json, socket, sys
def tcp():
    socket.create_connection(("127.0.0.1", int(sys.argv[1])), 10).close()
def udp():
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.sendto(b"out", ("127.0.0.1", int(sys.argv[2])))
def abstract():
    socket.socket(socket.AF_UNIX, socket.SOCK_STREAM).connect(chr(0) + sys.argv[3])
could = []
for each in (tcp, udp, abstract):
    try:
        each()
    except OSError:
        continue
    could.append(each.__name__)
print(json.dumps(could), flush=True)
sys.stdin.read()
"""

needs_tcp_rules = pytest.mark.skipif(landlock_version() < 4, reason="this Landlock knows no networks")
needs_filters = pytest.mark.skipif(os.uname().machine not in NUMBERS, reason="no numbers for this machine")
needs_namespaces = pytest.mark.skipif(not may_unshare(), reason="no network namespace may be made here")


@dataclass(frozen=True)
class Listening:
    """Somebody outside whom a server could talk to: over TCP, UDP and an abstract socket."""

    tcp: socket.socket
    udp: socket.socket
    abstract: str

    @property
    def port(self) -> int:
        """The TCP port."""
        number: int = self.tcp.getsockname()[1]
        return number


@pytest.fixture
def outside() -> Iterator[Listening]:
    name = f"attest-{os.getpid()}"
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as abstract,
    ):
        udp.bind(("127.0.0.1", 0))
        abstract.bind(f"\0{name}")
        abstract.listen()
        yield Listening(tcp, udp, name)


def give_up_namespaces() -> None:
    """Take away what lets root make one (CAP_SYS_ADMIN); who has not got it loses nothing."""
    ctypes.CDLL(None).prctl(24, 21, 0, 0, 0)


def reached(
    folder: Path, outside: Listening, egress: tuple[str, ...] | None, before: Callable[[], None] | None = None
) -> tuple[list[str], set[str]]:
    """Start a server under that rule; return whom it could reach, and by what the receipt says it was kept apart."""
    bench = make_launch_bench(folder)
    (bench.tree / "serve.py").write_text(TRYING)
    words = (str(outside.port), str(outside.udp.getsockname()[1]), outside.abstract)
    command = (PYTHON, "-S", str(bench.tree / "serve.py"), *words)
    rules = make_tool_rules("echo", egress=egress)
    bench.write(bench.seal(allow_site=("serve.py",), command=command, tools=rules))
    done = subprocess.run(
        run_words(bench),
        cwd=folder,
        input=b"",
        capture_output=True,
        timeout=PATIENCE_SECONDS,
        check=False,
        preexec_fn=before,
    )
    assert done.returncode == 0, done.stderr.decode()
    events = [each["predicate"].get("event", {}) for each in receipts(bench)]
    [started] = [each["process"] for each in events if "process" in each]
    return json.loads(done.stdout), set(started["keptApart"])


def test_where_nothing_is_sealed_it_reaches_whom_it_likes(tmp_path: Path, outside: Listening) -> None:
    could, kept = reached(tmp_path, outside, None)
    assert could == ["tcp", "udp", "abstract"]
    assert not any("tcp" in word for word in kept)
    assert not {NETWORK_ALONE, PIPES} & kept


@needs_tcp_rules
def test_a_sealed_port_is_reached_and_no_other(tmp_path: Path, outside: Listening) -> None:
    other = "tcp:1" if outside.port != 1 else "tcp:2"
    (tmp_path / "sealed").mkdir()
    (tmp_path / "other").mkdir()
    could, kept = reached(tmp_path / "sealed", outside, (f"tcp:{outside.port}",))
    assert "tcp" in could
    assert f"landlock {landlock_version()}: tcp connections but to {outside.port}" in kept
    could, _ = reached(tmp_path / "other", outside, (other,))
    assert "tcp" not in could
    # Landlock knows no UDP, and nothing claims that it does.
    assert "udp" in could


@needs_namespaces
def test_who_may_connect_nowhere_has_no_network_at_all(tmp_path: Path, outside: Listening) -> None:
    could, kept = reached(tmp_path, outside, ())
    assert could == []
    assert NETWORK_ALONE in kept


@needs_filters
def test_without_the_right_to_make_a_namespace_it_gets_no_sockets_but_local_ones(
    tmp_path: Path, outside: Listening
) -> None:
    could, kept = reached(tmp_path, outside, (), give_up_namespaces)
    assert could == ["abstract"]
    assert SOCKETS_REFUSED in kept
    assert NETWORK_ALONE not in kept
