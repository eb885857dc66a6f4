"""From the command that starts a server to the process that will be seen: scripts become interpreter and script.

Nothing is executed. A `#!` line is read as the kernel reads it; installers also write the form of `sh` that starts an
interpreter whose path is too long for a `#!` line, or the one that lies beside the script (`uv venv --relocatable`).
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from attest.errors import MalformedError, UnavailableError
from attest.statement.placeholders import contract
from attest.statement.predicates.runtime_reference import ProcessProfile

SHEBANG_BYTES: Final = 4096
_HEAD: Final = rb"#!/bin/sh\n'''exec' "
_TAIL: Final = rb"(?P<isolated> -E)? \"\$0\" \"\$@\"\n' '''\n"
_LONG_FORM: Final = re.compile(
    _HEAD + rb"(?:\"(?P<double>[^\"\\$`\n]+)\"|'(?P<single>[^'\n]+)'|(?P<bare>[^\s'\"\\$`]+))" + _TAIL
)
_MOVABLE_FORM: Final = re.compile(
    _HEAD + rb"\"\$\(dirname -- \"\$\(realpath -- \"\$0\"\)\"\)\"/'(?P<name>[^'/\n]+)'" + _TAIL
)


def profile_of(command: Sequence[str], places: Mapping[str, str]) -> ProcessProfile | None:
    """Return the profile of the process that `command` becomes; None without a command.

    `places` maps root names to absolute paths; arguments inside a root are sealed with a placeholder for it, so that
    the reference holds for an installation elsewhere.
    """
    if not command:
        return None
    program = _find(command[0])
    interpreter = interpreter_of(program)
    argv = [*(interpreter or [])[1:], program, *command[1:]]
    both = _with_real_places(places)
    return ProcessProfile(
        argv=tuple(_contracted(argument, both) for argument in argv),
        interpreter=None if interpreter is None else _contracted(interpreter[0], both),
    )


def absolute_words(command: Sequence[str]) -> tuple[str, ...]:
    """Return the command with absolute paths for its program and for the other words that name files."""
    if not command:
        return ()
    named = (os.path.normpath(Path.cwd() / word) if os.path.isfile(word) else word for word in command[1:])  # noqa: PTH113  (a word may be too long for a path)
    return (_find(command[0]), *named)


def interpreter_of(program: str) -> list[str] | None:
    """Return interpreter and its one argument from a script's first line; None if the file is no script."""
    try:
        with Path(program).open("rb") as file:
            head = file.read(SHEBANG_BYTES)
    except OSError as error:
        raise UnavailableError(program, "a readable program", error.strerror or "an error") from error
    if not head.startswith(b"#!"):
        return None
    started = _started_by_sh(program, head)
    if started is not None:
        return started
    line, ending, _ = head[2:].partition(b"\n")
    words = line.strip().split(None, 1)
    if not ending or not words:
        raise MalformedError(
            program, f"a first line of at most {SHEBANG_BYTES} bytes that names an interpreter", "none"
        )
    named = [os.fsdecode(word) for word in words]
    if Path(named[0]).name == "env" and len(named) > 1:
        return _through_env(named[1].split(), program)
    return named


def _started_by_sh(program: str, head: bytes) -> list[str] | None:
    """What the three lines start by which installers avoid a `#!` line; None if they are others."""
    if (found := _LONG_FORM.match(head)) is not None:
        interpreter = os.fsdecode(found["double"] or found["single"] or found["bare"])
    elif (found := _MOVABLE_FORM.match(head)) is not None:
        interpreter = str(Path(program).resolve().parent / os.fsdecode(found["name"]))
    else:
        return None
    return [interpreter, "-E"] if found["isolated"] else [interpreter]


def _through_env(words: list[str], program: str) -> list[str]:
    """`#!/usr/bin/env NAME`: what runs in the end is NAME, found on the path."""
    if words[0] == "-S":
        words = words[1:]
    if not words or words[0].startswith("-") or "=" in words[0]:
        raise MalformedError(program, "an `env` line with a program", " ".join(words) or "none")
    return [_find(words[0]), *words[1:]]


def _find(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        if Path(program).is_file():
            raise UnavailableError(program, "an executable file", "one that may not be executed", hint="chmod +x")
        raise UnavailableError(program, "an executable file", "none", hint="give the path of the program")
    return os.path.normpath(Path.cwd() / found)


def _with_real_places(places: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """A root may be named through a link: a script's first line then holds either name."""
    return {name: (place, os.path.realpath(place)) for name, place in places.items()}


def _contracted(argument: str, both: Mapping[str, tuple[str, ...]]) -> str:
    for which in (0, 1):
        shorter = contract(argument, {name: names[which] for name, names in both.items()})
        if shorter != argument:
            return shorter
    return argument
