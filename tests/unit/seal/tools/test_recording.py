"""A server that is recorded gets little, is bounded, and leaves nothing behind; its session can be learned from."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from attest.errors import MalformedError, RefusedError, UnavailableError
from attest.measure.sandbox import landlock_version
from attest.measure.upstreams.asking import Era
from attest.seal.tools.learning import Learned, learn
from attest.seal.tools.recording.recording import Recording, RecordRequest, environment_of, record
from attest.seal.tools.session import write_line
from tests.tools_documents import SERVER
from tests.waiting import PATIENCE_SECONDS

SPEAKS = """\
import json, os, socket, subprocess, sys

def found():
    yield "environment " + " ".join(sorted(os.environ))
    for place in (os.path.expanduser("~/written"), sys.argv[1]):
        try:
            open(place, "w").close()
            yield "wrote"
        except OSError as error:
            yield "not written"
    try:
        socket.create_connection(("127.0.0.1", int(sys.argv[2])), 2).close()
        yield "connected"
    except OSError:
        yield "not connected"

for line in sys.stdin:
    message = json.loads(line)
    if "id" not in message:
        continue
    answer = {"jsonrpc": "2.0", "id": message["id"]}
    if message["method"] == sys.argv[3]:
        answer["result"] = {"capabilities": {"tools": {}}}
    elif message["method"] == "tools/list":
        answer["result"] = {"tools": [{"name": each} for each in found()]}
    else:
        answer["error"] = {"code": -32601, "message": "unknown"}
    print(json.dumps(answer), flush=True)
"""


def run(*command: str, timeout: float = PATIENCE_SECONDS, **given: bool) -> Recording:
    return record(
        RecordRequest(
            command=command,
            environment=environment_of((), os.environ),
            capabilities={},
            network=given.get("network", False),
            timeout=timeout,
        )
    )


def learned(recording: Recording) -> Learned:
    return learn(b"".join(map(write_line, recording.lines)), where="s")


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "server.py"
    path.write_text(SPEAKS)
    return path


@pytest.fixture
def listener() -> Iterator[int]:
    """A port of this machine where somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def test_a_server_in_a_shell_is_recorded_and_learned_from(tmp_path):
    program = tmp_path / "run.sh"
    program.write_text(SERVER)
    program.chmod(0o755)
    recording = run(str(program))
    assert recording.eras == (Era.LEGACY,)
    assert [each.name for each in learned(recording).definitions] == ["echo"]


@pytest.mark.parametrize(("word", "era"), [("initialize", Era.LEGACY), ("server/discover", Era.MODERN)])
def test_the_era_that_a_server_speaks_is_found_out(script, tmp_path, word, era):
    assert run(sys.executable, str(script), str(tmp_path / "a"), "1", word).eras == (era,)


def test_a_server_gets_an_empty_home_and_few_variables(script, tmp_path, monkeypatch):
    monkeypatch.setenv("API_TOKEN", "secret")
    recording = run(sys.executable, str(script), str(tmp_path / "a"), "1", "initialize")
    names = {each.name for each in learned(recording).definitions}
    (environment,) = (name for name in names if name.startswith("environment"))
    assert "HOME" in environment
    assert "API_TOKEN" not in environment
    assert "wrote" in names


@pytest.mark.parametrize("network", [False, True])
def test_what_a_server_is_kept_from_is_said_and_true(script, tmp_path, listener, network):
    elsewhere = tmp_path / "elsewhere"
    recording = run(sys.executable, str(script), str(elsewhere), str(listener), "initialize", network=network)
    names = {each.name for each in learned(recording).definitions}
    if landlock_version() >= 2:
        assert "writing anywhere else" in recording.kept_from
    assert elsewhere.exists() == ("writing anywhere else" not in recording.kept_from)
    apart = bool({"the network", "TCP"} & set(recording.kept_from))
    assert ("not connected" in names) == apart
    assert not (network and apart)


@pytest.mark.parametrize(
    ("code", "error", "words"),
    [
        ("import sys; sys.exit('no licence')", UnavailableError, "no licence"),
        ("print('cannot open the database')", UnavailableError, "it said: cannot open the database"),
        ('print(\'{"id": 1, "id": 1}\'); import time; time.sleep(600)', MalformedError, "JSON"),
        ("print('[]'); import time; time.sleep(600)", MalformedError, "object"),
        ('while True: print(\'{"id": "' + "x" * 999 + '", "method": "ping"}\')', UnavailableError, "stays full"),
        ("print('a' * 2**25); import time; time.sleep(600)", MalformedError, "bytes a message"),
    ],
)
def test_a_server_that_says_something_else_is_an_error_at_once(code, error, words):
    before = time.monotonic()
    with pytest.raises(error, match=words):
        run(sys.executable, "-u", "-c", code)
    assert time.monotonic() - before < PATIENCE_SECONDS


def test_what_a_server_prints_beside_its_messages_is_skipped(script, tmp_path):
    text = script.read_text()
    plain = run(sys.executable, str(script), str(tmp_path / "a"), "1", "initialize")
    script.write_text(f"print('Starting, on [::1]', flush=True)\nprint(flush=True)\n{text}")
    assert run(sys.executable, str(script), str(tmp_path / "a"), "1", "initialize").lines == plain.lines


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import time; time.sleep(600)", "in time"),
        ("import sys\nwhile True: sys.stderr.write('a' * 4096)", "in time"),
        ("import sys; sys.stdin.close(); import time; time.sleep(600)", "the server"),
    ],
)
def test_a_server_that_does_not_speak_is_an_error_within_its_time(code, words):
    before = time.monotonic()
    with pytest.raises(UnavailableError, match=words):
        run(sys.executable, "-u", "-c", code, timeout=1)
    assert time.monotonic() - before < PATIENCE_SECONDS


def test_a_program_that_is_not_there_is_said():
    with pytest.raises(UnavailableError, match="no-such-program"):
        run("no-such-program")


def test_nothing_that_a_server_started_outlives_it():
    # Two forks and a session of its own: as far from its parent as a process can get.
    code = (
        "import os, sys, time\n"
        "told, tell = os.pipe()\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0:\n"
        "        sys.stderr.write(str(os.getpid()) + '\\n'); sys.stderr.flush()\n"
        "        os.close(1); os.write(tell, b'.')\n"
        "        time.sleep(600)\n"
        "    os._exit(0)\n"
        "os.wait()\n"
        "os.read(told, 1)\n"
    )
    with pytest.raises(UnavailableError, match="it said: ") as caught:
        run(sys.executable, "-c", code)
    pid = int(caught.value.found.rpartition("it said: ")[2])
    assert not Path(f"/proc/{pid}").exists()


def test_variables_are_given_by_name_or_with_a_value():
    ours = {"PATH": "/bin", "TOKEN": "t", "OTHER": "o"}
    assert environment_of(("TOKEN", "A=b=c", "E="), ours) == {"PATH": "/bin", "TOKEN": "t", "A": "b=c", "E": ""}
    for wrong in ("ABSENT", "=x", ""):
        with pytest.raises(RefusedError, match="--env"):
            environment_of((wrong,), ours)
