"""The sealed command as it is started here: placeholders put in, words as the kernel would have them."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from attest.errors import RefusedError
from attest.measure.commands.resolving import resolve
from attest.statement.placeholders import expand
from attest.statement.profile import ProcessProfile


@dataclass(frozen=True, kw_only=True)
class Command:
    """What is executed: the file `program`, under the name and with the arguments `argv`, in `working_directory`."""

    program: str
    """Absolute. As it was sealed: an environment's `bin/python` is a link, and found by Python under this name."""
    argv: tuple[str, ...]
    working_directory: str


def sealed_command(
    profile: ProcessProfile | None, places: Mapping[str, str], given: Sequence[str], *, where: str
) -> Command:
    """Return the command that `profile` seals, in the folder where we are unless one is sealed.

    `given` is what a person asked to start, empty for the sealed command; it has to become the very process that is
    sealed. Raises `RefusedError` if it does not, and where none is sealed: any process would do.
    """
    if profile is None:
        hint = "seal it with its command: attest seal TREE ... -- COMMAND"
        raise RefusedError(where, "a reference that seals the command", "none", hint=hint)
    words = tuple(expand(word, places) for word in profile.argv)
    interpreter = None if profile.interpreter is None else expand(profile.interpreter, places)
    argv = words if interpreter is None else (interpreter, *words)
    cwd = str(Path.cwd())
    if given:
        _check_given(given, argv, cwd)
    folder = None if profile.working_directory is None else expand(profile.working_directory, places)
    return Command(program=argv[0], argv=argv, working_directory=folder or cwd)


def _check_given(given: Sequence[str], sealed: tuple[str, ...], cwd: str) -> None:
    started = resolve(given, cwd=cwd, environment=os.environ)
    words = started.argv if started.interpreter is None else (started.interpreter, *started.argv)
    same = len(words) == len(sealed) and (
        _is_program(words[0], sealed[0], started.code)
        and all(_is_word(word, wanted) for word, wanted in zip(words[1:], sealed[1:], strict=True))
    )
    if not same:
        raise RefusedError(
            shlex.join(given),
            f"a command that becomes what is sealed, {shlex.join(sealed)}",
            shlex.join(words),
            hint="leave the command out to start what is sealed, or seal this one: attest seal ... -- COMMAND",
        )


def _is_program(word: str, sealed: str, code: Sequence[str]) -> bool:
    """Two names of one program in the same folder are the same; elsewhere only those of a program that is no link.

    An environment's `bin/python` and what it links to are one file, and not one program.
    """
    if word == sealed:
        return True
    if os.path.realpath(word) != os.path.realpath(sealed):
        return False
    folders = {os.path.realpath(Path(path).parent) for path in (word, sealed)}
    return len(folders) == 1 or (sealed in code and os.path.realpath(sealed) == sealed)


def _is_word(word: str, sealed: str) -> bool:
    """A link to the sealed file is as good as its own path: pipx and `uv tool` let their users call one."""
    both = word.startswith("/") and sealed.startswith("/")
    return word == sealed or (both and os.path.realpath(word) == os.path.realpath(sealed))
