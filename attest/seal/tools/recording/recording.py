"""Running a server to be asked what it offers: the pipes, the clock and the bounds around a conversation."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final, TypeVar

from attest.codec import strict
from attest.codec.printable import printable
from attest.errors import AttestError, MalformedError, RefusedError, UnavailableError
from attest.measure.adopted import adopting_orphans, end_adopted
from attest.measure.own_children import own_child
from attest.measure.upstreams.asking import Conversation, Era
from attest.seal.tools.session import (
    MAX_MESSAGE_BYTES,
    MAX_SESSION_BYTES,
    SESSION_SCHEMA,
    Sender,
    SessionLine,
    SessionMessage,
    SessionStart,
    lines_of,
)

PASSED_ON: Final = ("LANG", "LC_ALL", "LC_CTYPE", "PATH", "TZ")
"""Variables of ours that a server gets, besides those that are given by name."""

_WORKER: Final = Path(__file__).with_name("worker.py")
_SECOND_ERA_SECONDS: Final = 5.0
"""How long a server that spoke one era may think about the other: most of them say at once that they do not know it."""
_GRACE_SECONDS: Final = 1.0
_CHUNK: Final = 65_536
_TAIL_BYTES: Final = 2000
"""Of what it says on standard error, for the message if it fails."""
_SHOWN: Final = 500


R = TypeVar("R")


@dataclass(frozen=True, kw_only=True)
class RecordRequest:
    """What to run and how; seconds."""

    command: Sequence[str]
    environment: Mapping[str, str] = field(repr=False)
    capabilities: Mapping[str, Any]
    network: bool
    timeout: float
    eras: tuple[Era, ...] = tuple(Era)


@dataclass(frozen=True, kw_only=True)
class Recording:
    """What was said, and what the server was kept from meanwhile."""

    lines: tuple[SessionLine, ...]
    eras: tuple[Era, ...]
    kept_from: tuple[str, ...]


def record(request: RecordRequest) -> Recording:
    """Run the server once for each era that it speaks; raise `UnavailableError` if it speaks none in time.

    What it prints that is plainly no message is skipped, as clients do. Raises `MalformedError` for JSON that is none.
    """
    if sys.platform != "linux":
        raise UnavailableError("attest tools record", "Linux", sys.platform, hint="learn from a session of your client")
    runs = in_each_era(request.eras, lambda era, seconds: _run(request, era, seconds), request.timeout)
    return Recording(
        lines=lines_of((SessionStart(schema=SESSION_SCHEMA), run.messages) for _, run in runs),
        eras=tuple(era for era, _ in runs),
        kept_from=runs[0][1].kept_from,
    )


def in_each_era(eras: Iterable[Era], run: Callable[[Era, float], R], timeout: float) -> list[tuple[Era, R]]:
    """Run once for each era that a server speaks; raise the first `UnavailableError` if it speaks none in time."""
    runs: list[tuple[Era, R]] = []
    failure: AttestError | None = None
    for era in eras:
        limit = min(timeout, _SECOND_ERA_SECONDS) if runs else timeout
        try:
            runs.append((era, run(era, limit)))
        except UnavailableError as error:
            failure = failure or error
    if not runs:
        raise failure or UnavailableError("the server", "an answer", "none")
    return runs


@dataclass
class _Run:
    messages: list[SessionMessage] = field(default_factory=list)
    kept_from: tuple[str, ...] = ()
    buffer: bytearray = field(default_factory=bytearray)
    tail: bytes = b""
    size: int = 0


def _run(request: RecordRequest, era: Era, seconds: float) -> _Run:
    run, conversation = _Run(), Conversation(era, request.capabilities)
    with (
        tempfile.TemporaryDirectory(prefix="attest-record-", ignore_cleanup_errors=True) as scratch,
        adopting_orphans(),
        _started(request, scratch) as (process, answers),
    ):
        run.kept_from = _kept_from(answers, request.command[0])
        try:
            _talk(process, run, conversation, time.monotonic() + seconds)
        except UnavailableError as error:
            raise UnavailableError(error.where, error.expected, error.found + _said(run.tail)) from error
        finally:
            _end(process)
    return run


@contextmanager
def _started(request: RecordRequest, scratch: str) -> Iterator[tuple[subprocess.Popen[bytes], IO[bytes]]]:
    """Start the worker that becomes the server; the second is where it says what it is kept from."""
    plan = {
        "argv": list(request.command),
        "environment": {"HOME": scratch, "TMPDIR": scratch, **request.environment},
        "directory": scratch,
        "network": request.network,
        "parent": os.getpid(),
    }
    orders, give = os.pipe()
    take, answer = os.pipe()
    worker = [sys.executable, "-I", "-S", "-X", "utf8", str(_WORKER), str(orders), str(answer)]

    def start() -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                worker,
                env={},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=(orders, answer),
                start_new_session=True,
                bufsize=0,
            )
        finally:
            os.close(orders)
            os.close(answer)

    with os.fdopen(give, "wb") as giving, os.fdopen(take, "rb") as answers, own_child(start) as process:
        with suppress(BrokenPipeError):
            giving.write(json.dumps(plan).encode("ascii"))
            giving.close()
        yield process, answers


def _kept_from(answers: IO[bytes], program: str) -> tuple[str, ...]:
    """Return what the server is kept from, once it runs; raise `UnavailableError` if it does not."""
    lines = [json.loads(line) for line in answers.read(_CHUNK).splitlines()]
    if lines and isinstance(lines[-1], list):
        return tuple(map(str, lines[-1]))
    raise UnavailableError(program, "a program that can be started", str(lines[-1]) if lines else "nothing")


def _talk(process: subprocess.Popen[bytes], run: _Run, conversation: Conversation, deadline: float) -> None:
    if process.stdin is None or process.stdout is None or process.stderr is None:
        raise UnavailableError("the server", "pipes to it", "none")
    os.set_blocking(process.stdin.fileno(), False)
    _say(process.stdin, run, conversation.begin())
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        selector.register(process.stderr, selectors.EVENT_READ)
        while not conversation.is_over:
            ready = selector.select(max(0.0, deadline - time.monotonic()))
            if not ready:
                raise UnavailableError("the server", "all its answers in time", "none any more")
            for key, _ in ready:
                octets = os.read(key.fd, _CHUNK)
                if key.fileobj is process.stderr:
                    run.tail = (run.tail + octets)[-_TAIL_BYTES:]
                    if not octets:
                        selector.unregister(process.stderr)
                    continue
                if not octets:
                    raise UnavailableError("the server", "all its answers", "the end of its output")
                for message in _messages(run, octets):
                    _say(process.stdin, run, conversation.answer(message))


def _said(tail: bytes) -> str:
    text = tail.decode("utf-8", "replace").strip()
    return f"; it said: {printable(text, limit=_SHOWN)}" if text else ""


def _messages(run: _Run, octets: bytes) -> Iterator[dict[str, Any]]:
    """Note each whole line, and yield the message in it."""
    run.buffer += octets
    run.size += len(octets)
    if len(run.buffer) > MAX_MESSAGE_BYTES or run.size > MAX_SESSION_BYTES:
        raise MalformedError("the server", f"at most {MAX_MESSAGE_BYTES} bytes a message", "more")
    if b"\n" not in octets:
        return
    *lines, rest = run.buffer.split(b"\n")
    run.buffer = bytearray(rest)
    for line in lines:
        octet_line = bytes(line.removesuffix(b"\r"))
        if not octet_line.lstrip().startswith((b"{", b"[")):
            # Clients and the portal skip what is plainly no message; if the server then ends, it may say why.
            run.tail = (run.tail + line + b"\n")[-_TAIL_BYTES:]
            continue
        value = strict.parse(octet_line, where="what the server says")
        if not isinstance(value, dict):
            raise MalformedError("what the server says", "a JSON object a line", type(value).__name__)
        run.messages.append(SessionMessage(sender=Sender.SERVER, text=octet_line.decode()))
        yield value


def _say(pipe: IO[bytes], run: _Run, lines: Iterable[str]) -> None:
    """Write lines without waiting: a server that does not read would hold us for ever."""
    for line in lines:
        run.messages.append(SessionMessage(sender=Sender.CLIENT, text=line))
        octets = line.encode() + b"\n"
        try:
            written = pipe.write(octets)
        except OSError as error:
            raise UnavailableError("the server", "that it listens", error.strerror or "an error") from error
        if written != len(octets):
            raise UnavailableError("the server", "that it reads what it is told", "a pipe that stays full")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End it, and everything that it started: its session, and what it disowned."""
    if process.stdin is not None:
        with suppress(OSError):
            process.stdin.close()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_GRACE_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    end_adopted(_GRACE_SECONDS)


def environment_of(names: Sequence[str], ours: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a server: a few of `ours`, and those given as `NAME` or `NAME=VALUE`.

    Raises `RefusedError` for a name that is none, or that we do not have.
    """
    made = {name: ours[name] for name in PASSED_ON if name in ours}
    for each in names:
        name, sign, value = each.partition("=")
        if not name or (not sign and name not in ours):
            raise RefusedError("--env", "NAME=VALUE, or the NAME of a variable that is set", each)
        made[name] = value if sign else ours[name]
    return made
