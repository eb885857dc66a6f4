"""The keyless child: compiles sealed sources and answers with their code; run alone, never imported.

Self-contained, standard library only, Python 3.9 and newer, because it also runs under the
interpreter of the server that is measured. It reads frames from its standard input until the end
and writes frames to its standard output; it opens no file and never sees a .pyc of the tree.

Request: length of name, optimization level + 1, length of source (4 bytes each, big-endian), then
name and source. Answer: first the magic number (4 bytes), a length (1 byte) and the release, such
as 3.11.7; then one for each request: 1 or 0 (1 byte), a length (4 bytes), and the
marshalled code or the name of the error.
"""

from __future__ import annotations

import contextlib
import importlib.util
import marshal
import resource
import struct
import sys
import warnings

REQUEST = struct.Struct(">III")
ANSWER = struct.Struct(">BI")
CPU_SECONDS = 60
MEMORY_BYTES = 4 * 1024 * 1024 * 1024


def limit() -> None:
    """Give up what a compiler does not need."""
    for kind, most in (
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        value = most if hard == resource.RLIM_INFINITY else min(most, hard)
        # Not every platform has every limit; the parent's time-out stays.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (value, value))


def answer(name: str, optimize: int, source: bytes) -> bytes:
    """Return one answer; the code keeps a reference, as in py_compile, which marshal writes down."""
    try:
        code = compile(source, name, "exec", dont_inherit=True, optimize=optimize)
        payload = marshal.dumps(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
        failure = type(error).__name__.encode()
        return ANSWER.pack(0, len(failure)) + failure
    return ANSWER.pack(1, len(payload)) + payload


def main() -> None:
    """Answer all requests."""
    limit()
    warnings.simplefilter("ignore")
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    release = ".".join(map(str, sys.version_info[:3])).encode()
    answers.write(importlib.util.MAGIC_NUMBER + bytes([len(release)]) + release)
    while head := requests.read(REQUEST.size):
        length, optimize, size = REQUEST.unpack(head)
        name = requests.read(length).decode("utf-8")
        answers.write(answer(name, optimize - 1, requests.read(size)))
    answers.flush()


if __name__ == "__main__":
    main()
