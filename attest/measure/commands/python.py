"""`python [options] SCRIPT`, `python -m MODULE`, `python -c TEXT`: the process is the interpreter."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from attest.errors import RefusedError
from attest.measure.commands.invocation import Invocation, Started
from attest.measure.commands.programs import find_interpreter
from attest.measure.commands.python_modules import SearchPath, find_module

_VALUED: Final = frozenset("WX")
_ENDING: Final = frozenset("cm")
"""Options after which CPython reads no others."""
_LONG_VALUED: Final = "--check-hash-based-pycs"


@dataclass(frozen=True, kw_only=True)
class _Line:
    """A command line as CPython takes it apart (`Python/getopt.c`)."""

    switches: frozenset[str]
    ends_with: str | None
    """`m`, `c`, or None for a script."""
    at: int
    """Where module, text or script stands."""
    inside: str | None
    """Module or text, if it stands in the same word as its option."""


def start_python(invocation: Invocation) -> Started:
    """Return the process of a script or module; raise `RefusedError` where the command names none that exists."""
    interpreter = find_interpreter(invocation, invocation.words[0])
    words = invocation.words[1:]
    line = _read(words)
    if line.ends_with == "c":
        return Started(argv=(interpreter, *words))
    named = line.inside or (words[line.at] if line.at < len(words) else None)
    if named is None or named == "-":
        raise RefusedError(" ".join(invocation.words), "a script or a module", "code from standard input")
    if line.ends_with == "m":
        path = SearchPath(
            interpreter=interpreter, invocation=invocation,
            ignores_environment=bool({"E", "I"} & line.switches), safe=bool({"P", "I"} & line.switches),
            without_site="S" in line.switches,
        )  # fmt: skip
        return Started(argv=(interpreter, *words), code=find_module(named, path))
    script = invocation.absolute(named)
    code = os.path.join(script, "__main__.py") if os.path.isdir(script) else script
    if not os.path.isfile(code):
        raise RefusedError(" ".join(invocation.words), "a script that exists", named)
    argv = (interpreter, *words[: line.at], script, *words[line.at + 1 :])
    return Started(argv=argv, code=(os.path.realpath(code),))


def imports_from_its_folder(argv: Sequence[str]) -> bool:
    """Return whether a process of Python with these words looks for modules where it stands: `-m` and `-c` do."""
    if not os.path.basename(argv[0]).startswith(("python", "pypy", "graalpy")):
        return False
    line = _read(tuple(argv[1:]))
    return line.ends_with is not None and not {"P", "I"} & line.switches


def _read(words: tuple[str, ...]) -> _Line:
    switches: set[str] = set()
    place = 0
    while place < len(words) and words[place].startswith("-") and words[place] != "-":
        word = words[place]
        place += 1
        if word.startswith("--"):
            if word == "--":
                break
            place += word == _LONG_VALUED
            continue
        for number, letter in enumerate(word[1:], start=2):
            if letter in _ENDING:
                return _Line(switches=frozenset(switches), ends_with=letter, at=place, inside=word[number:] or None)
            if letter in _VALUED:
                place += not word[number:]
                break
            switches.add(letter)
    return _Line(switches=frozenset(switches), ends_with=None, at=place, inside=None)
