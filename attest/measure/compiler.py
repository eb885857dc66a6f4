"""Compile sealed sources in keyless child processes, under whichever given interpreter fits."""

from __future__ import annotations

import struct
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_WORKER: Final = Path(__file__).with_name("compile_worker.py")
_REQUEST: Final = struct.Struct(">III")
_ANSWER: Final = struct.Struct(">B8sI")
_MAGIC_BYTES: Final = 4
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

    source_hash: bytes
    code: bytes | None
    error: str | None


class Compiler:
    """The interpreters at hand, by the magic number of the .pyc files they make."""

    def __init__(self, interpreters: Sequence[Path]) -> None:
        self._waiting = list(dict.fromkeys(interpreters))
        self._by_magic: dict[bytes, list[Path]] = {}
        self._lock = threading.Lock()

    def interpreters(self, magic: bytes) -> tuple[Path, ...]:
        """Return the interpreters that make .pyc files with this magic number.

        Two releases of one magic number may still compile differently, so all count.
        """
        with self._lock:
            while self._waiting:
                interpreter = self._waiting.pop(0)
                answer = _run(interpreter, b"")
                if answer is not None and len(answer) == _MAGIC_BYTES:
                    self._by_magic.setdefault(answer, []).append(interpreter)
            return tuple(self._by_magic.get(magic, ()))

    def compile(self, interpreter: Path, sources: Sequence[Source]) -> list[Compiled | None]:
        """Return what became of each source; None where the child crashed or took too long.

        If a child fails over many sources, each is tried alone, so that one cannot hide others.
        """
        answer = _run(interpreter, b"".join(_request(source) for source in sources))
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


def _run(interpreter: Path, requests: bytes) -> bytes | None:
    command = [str(interpreter), "-I", "-S", "-B", "-X", _NO_BYTE_CODE, str(_WORKER)]
    try:
        finished = subprocess.run(
            command,
            input=requests,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=TIMEOUT_SECONDS,
            check=False,
            close_fds=True,
            env={},
            cwd="/",
            start_new_session=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return finished.stdout if finished.returncode == 0 else None


def _read_answers(answer: bytes, count: int) -> list[Compiled] | None:
    compiled: list[Compiled] = []
    at = _MAGIC_BYTES
    while at + _ANSWER.size <= len(answer) and len(compiled) < count:
        ok, source_hash, length = _ANSWER.unpack_from(answer, at)
        at += _ANSWER.size
        payload = answer[at : at + length]
        at += length
        error = None if ok else payload.decode("ascii", "replace")
        compiled.append(Compiled(source_hash=source_hash, code=payload if ok else None, error=error))
    return compiled if at == len(answer) and len(compiled) == count else None
