"""Programs and scripts, as the kernel starts them, by their `#!` line; and what shims and wrappers start."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path
from typing import Final

from attest.errors import MalformedError, RefusedError, UnavailableError
from attest.measure.command_shim import MAX_SHIM_BYTES, read_shim
from attest.measure.commands.installed_scripts import started_by_sh
from attest.measure.commands.invocation import Invocation, Started
from attest.measure.commands.mcp_run import loaded_files
from attest.measure.commands.reading import read_beginning
from attest.measure.commands.wrappers import MAX_SCRIPT_BYTES, start_wrapped

SHEBANG_BYTES: Final = 4096
ASSIGNMENT: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=.*", re.DOTALL)
_SCRIPTS_OF_NODE: Final = (".js", ".cjs", ".mjs")


def start_program(invocation: Invocation) -> Started | Invocation:
    """Return the process of a program or script, or what its shim or `env` line starts instead."""
    program = invocation.find(invocation.words[0])
    arguments = invocation.words[1:]
    target = _target_of_shim(program)
    if target is not None:
        return invocation.becomes(*_words_of_shim(program, target), target, *arguments)
    words = interpreter_words(program)
    if words is None:
        return Started(argv=(program, *arguments), code=(os.path.realpath(program),), given=invocation.given)
    if os.path.basename(words[0]) in {"uv", "npx", "pipx"}:  # `#!/usr/bin/env -S uv run --script`
        return invocation.becomes(*words, program, *arguments)
    wrapped = start_wrapped(invocation, program, words, _beginning(program, MAX_SCRIPT_BYTES + 1))
    if wrapped is not None:
        return wrapped
    return Started(
        interpreter=find_interpreter(invocation, words[0]),
        argv=(*words[1:], program, *arguments),
        code=(os.path.realpath(program), *loaded_files(invocation)),
    )


def _words_of_shim(shim: str, target: str) -> list[str]:
    """Return what a shim puts before its target: the words of that one's first line, a `node` beside itself first."""
    beside = os.path.join(os.path.dirname(shim), "node")
    words = interpreter_words(target) or (["node"] if target.endswith(_SCRIPTS_OF_NODE) else [])
    return [beside if word == "node" and os.access(beside, os.X_OK) else word for word in words]


def find_interpreter(invocation: Invocation, program: str) -> str:
    """Return the path of an interpreter; refuse the scripts that version managers put in its place."""
    found = program if program.startswith("/") else invocation.find(program)
    if os.path.isfile(found) and _head(found).startswith(b"#!"):
        name = os.path.basename(found)
        raise RefusedError(
            found,
            f"{name} itself",
            "a script that starts it",
            hint=f'put the real one first in PATH, or name it: -- "$(pyenv which {name})" ...',
        )
    return found


def interpreter_words(program: str) -> list[str] | None:
    """Return the interpreter and its arguments from a script's first line, `env` looked through; None if no script."""
    head = _head(program)
    if not head.startswith(b"#!"):
        return None
    started = started_by_sh(program, head)
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
        return _through_env(named[1], program)
    return named


def _through_env(line: str, program: str) -> list[str]:
    """`#!/usr/bin/env NAME`: what runs in the end is NAME, found on the path; `-S` splits the line."""
    split = line.startswith("-S")
    try:
        words = shlex.split(line.removeprefix("-S")) if split else [line]
    except ValueError as error:
        raise MalformedError(program, "an `env` line with a program", line) from error
    while split and words and ASSIGNMENT.fullmatch(words[0]) and not words[0].startswith("PATH="):
        words = words[1:]
    if not words or words[0].startswith("-") or "=" in words[0]:
        raise MalformedError(program, "an `env` line with a program", line or "none")
    return words


def _target_of_shim(program: str) -> str | None:
    octets = _beginning(program, MAX_SHIM_BYTES + 1)
    shim = read_shim(octets) if len(octets) <= MAX_SHIM_BYTES and octets.startswith(b"#!/bin/sh\n") else None
    if shim is None:
        return None
    return os.path.normpath(os.path.join(os.path.dirname(program), shim.target))


def _head(program: str) -> bytes:
    return _beginning(program, SHEBANG_BYTES)


def _beginning(program: str, max_bytes: int) -> bytes:
    try:
        return read_beginning(program, max_bytes)
    except OSError as error:
        raise UnavailableError(program, "a readable program", error.strerror or "an error") from error
