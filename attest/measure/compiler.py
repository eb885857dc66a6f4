"""Compile sealed sources in keyless child processes, under whichever given interpreter fits."""

from __future__ import annotations

import re
import struct
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from attest.measure.own_children import own_child

if TYPE_CHECKING:
    import subprocess

_WORKER: Final = Path(__file__).with_name("compile_worker.py")
_REQUEST: Final = struct.Struct(">III")
_ANSWER: Final = struct.Struct(">BI")
_MAGIC_BYTES: Final = 4
_RELEASE: Final = re.compile(rb"[0-9]{1,3}(\.[0-9]{1,3}){2}")
_NO_BYTE_CODE: Final = "pycache_prefix=/dev/null"
"""Look for byte code where none can be: the child judges the `.pyc` files of its own library and must not run them."""

TIMEOUT_SECONDS: Final = 90
"""Longest time that one child may take; its CPU time is limited to less."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """One source text, the name it is compiled under, and the level of `-O`."""

    filename: str
    optimize: int
    octets: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Compiled:
    """What the child made of it: marshalled code, or the name of the error."""

    code: bytes | None
    error: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Interpreter:
    """A program that compiles, and its release, such as 3.11.7."""

    program: Path
    release: str


class Compiler:
    """The interpreters at hand, by the magic number of the .pyc files they make."""

    def __init__(self, interpreters: Sequence[Path]) -> None:
        self._waiting = list(dict.fromkeys(interpreters))
        self._by_magic: dict[bytes, list[Interpreter]] = {}
        self._lock = threading.Lock()

    def interpreters(self, magic: bytes) -> tuple[Interpreter, ...]:
        """Return the interpreters that make .pyc files with this magic number.

        Two releases of one magic number may still compile differently, so all count.
        """
        with self._lock:
            while self._waiting:
                program = self._waiting.pop(0)
                answer = _run(program, b"")
                told = None if answer is None else _read_greeting(answer)
                if answer is not None and told is not None and told.length == len(answer):
                    interpreter = Interpreter(program=program, release=told.release)
                    self._by_magic.setdefault(told.magic, []).append(interpreter)
            return tuple(self._by_magic.get(magic, ()))

    def compile(self, interpreter: Interpreter, sources: Sequence[Source]) -> list[Compiled | None]:
        """Return what became of each source; None where the child crashed or took too long.

        If a child fails over many sources, each is tried alone, so that one cannot hide others.
        """
        answer = _run(interpreter.program, b"".join(_request(source) for source in sources))
        compiled = None if answer is None else _read_answers(answer, len(sources))
        if compiled is not None:
            return list(compiled)
        if len(sources) <= 1:
            return [None for _ in sources]
        return [self.compile(interpreter, [source])[0] for source in sources]


def _request(source: Source) -> bytes:
    name = source.filename.encode("utf-8")
    head = _REQUEST.pack(len(name), source.optimize + 1, len(source.octets))
    return head + name + source.octets


def _run(program: Path, requests: bytes) -> bytes | None:
    import subprocess  # many an agent never starts a child

    command = [str(program), "-I", "-S", "-B", "-X", _NO_BYTE_CODE, str(_WORKER)]
    try:
        with own_child(lambda: _start(command)) as process:
            try:
                answer, _ = process.communicate(requests, timeout=TIMEOUT_SECONDS)
            except BaseException:
                process.kill()
                raise
    except (OSError, subprocess.SubprocessError):
        return None
    return answer if process.returncode == 0 else None


def _start(command: Sequence[str]) -> subprocess.Popen[bytes]:
    import subprocess

    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        close_fds=True,
        env={},
        cwd="/",
        start_new_session=True,
    )


class _Greeting(NamedTuple):
    magic: bytes
    release: str
    length: int
    """Of the greeting as a whole, in bytes."""


def _read_greeting(answer: bytes) -> _Greeting | None:
    start = _MAGIC_BYTES + 1
    end = start + (answer[_MAGIC_BYTES] if len(answer) >= start else 0)
    release = answer[start:end]
    if _RELEASE.fullmatch(release) is None:
        return None
    return _Greeting(answer[:_MAGIC_BYTES], release.decode("ascii"), end)


def _read_answers(answer: bytes, count: int) -> list[Compiled] | None:
    greeting = _read_greeting(answer)
    if greeting is None:
        return None
    compiled: list[Compiled] = []
    at = greeting.length
    while at + _ANSWER.size <= len(answer) and len(compiled) < count:
        ok, length = _ANSWER.unpack_from(answer, at)
        at += _ANSWER.size
        payload = answer[at : at + length]
        at += length
        error = None if ok else payload.decode("ascii", "replace")
        compiled.append(Compiled(code=payload if ok else None, error=error))
    return compiled if at == len(answer) and len(compiled) == count else None
