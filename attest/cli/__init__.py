"""The door: click lives only here, one file a verb: parse, call one function, print.

Always: results to stdout, everything else to stderr, the exit codes of CLI.md. Never: a decision.
"""

from __future__ import annotations

import gc
import io
import os
import sys

_ALLOCATIONS = 50_000
"""New objects between two searches for garbage, instead of Python's 700.

What starting makes is wanted until the end; to look through it again and again was a tenth of the time that a small
file takes to verify.
"""


_INTERRUPTED = 130


def main() -> None:
    """Run the command line; whoever interrupts it while it is still being loaded is told no more than later on."""
    try:
        _main()
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)


def _main() -> None:
    """Run the command line; `--version` alone is answered before anything is imported."""
    _open_what_is_closed()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A locale without UTF-8 has no character for what is in a document, or for our own signs.
            stream.reconfigure(errors="backslashreplace")
    if sys.argv[1:] == ["--version"]:
        from attest.version import VERSION

        sys.stdout.write(f"mcp-attest {VERSION}\n")
        return
    gc.set_threshold(_ALLOCATIONS)
    if sys.argv[1:2] == ["verify"]:
        _load_msgspec()
    from attest.cli.door import enter

    answer = enter(sys.argv[1:])
    # Nor does what is left need to be searched once more on the way out.
    gc.freeze()
    if sys.argv[1:2] == ["verify"]:
        _leave(answer)
    sys.exit(answer)


def _load_msgspec() -> None:
    """Load msgspec without `typing_extensions`, whose loading takes 2 ms: a fiftieth of a small file's verification.

    msgspec tries it first, where anybody installed it, for three names: of `Required` and `NotRequired` the standard
    library has the very same, and its own `get_type_hints` is what msgspec falls back to. It has no switch for that,
    and a finder on `sys.meta_path` would hide as much, and longer. No thread runs yet that could see it hidden, and
    whoever needs it later finds it as ever.
    """
    if "typing_extensions" in sys.modules:
        return
    sys.modules["typing_extensions"] = None  # type: ignore[assignment]  # Python's way to say that it is not there
    try:
        import msgspec  # noqa: F401  (to have it loaded)
    finally:
        del sys.modules["typing_extensions"]


def _open_what_is_closed() -> None:
    """Give a standard stream that the caller closed to nobody: else the next file that is opened would be it."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDWR)
            if descriptor != number:
                os.dup2(descriptor, number)
                os.close(descriptor)
            setattr(sys, name, os.fdopen(number, mode, closefd=False))


def _leave(answer: int) -> None:
    """End at once: to take the interpreter apart takes 3 ms, of a verb that leaves nothing behind but its output."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        return  # Nobody reads any more; Python says so in its own way.
    os._exit(answer)
