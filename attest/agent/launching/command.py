"""The sealed command as it is started here: placeholders put in, words as the kernel would have them."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from attest.agent.sealed import SealedServer
from attest.appraisal.closure import is_below
from attest.errors import AttestError, RefusedError
from attest.measure.commands.resolving import resolve
from attest.statement.manifest import Scope
from attest.statement.placeholders import expand
from attest.statement.profile import ProcessProfile

_HINT: Final = "give it as it was sealed, with a word for each parameter: ... -- COMMAND"


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
    sealed, and gives the parameters their words. Raises `RefusedError` if it does not, where parameters have none, and
    where no command is sealed: any process would do.
    """
    if profile is None:
        hint = "seal it with its command: attest seal TREE ... -- COMMAND"
        raise RefusedError(where, "a reference that seals the command", "none", hint=hint)
    words = tuple(None if word is None else expand(word, places) for word in profile.fixed_argv)
    argv = words if profile.interpreter is None else (expand(profile.interpreter, places), *words)
    cwd = str(Path.cwd())
    chosen = _started(given, argv, cwd) if given else argv
    known = (other if wanted is None else wanted for wanted, other in zip(argv, chosen, strict=True))
    whole = tuple(word for word in known if word is not None)
    if len(whole) != len(argv):
        raise RefusedError(where, "a COMMAND, since not every word of the sealed one is known", "none", hint=_HINT)
    folder = None if profile.working_directory is None else expand(profile.working_directory, places)
    return Command(program=whole[0], argv=whole, working_directory=folder or cwd)


def is_measured(folder: str, server: SealedServer) -> bool:
    """Return whether a folder lies in a tree that is measured as a whole, and in none of its mutable places."""
    real, places = os.path.realpath(folder), server.real_places("")
    return any(
        root.scope is Scope.EXACT
        and is_below(real, places[root.name])
        and not any(is_below(real, f"{places[root.name]}/{each}") for each in root.mutable)
        for root in server.roots
    )


def _started(given: Sequence[str], sealed: Sequence[str | None], cwd: str) -> tuple[str, ...]:
    """Return the arguments of the process that a given command becomes; refuse another than the sealed one."""
    try:
        started = resolve(given, cwd=cwd, environment=os.environ)
    except AttestError as error:
        if None in sealed:  # the message may hold words of the command, and one of them may be a secret
            raise type(error)(given[0], f"a command that becomes what is sealed, {_shown(sealed)}", "another") from None
        raise
    words = started.argv if started.interpreter is None else (started.interpreter, *started.argv)
    same = len(words) == len(sealed) and (
        _is_program(words[0], sealed[0] or "", started.code)
        and all(_is_word(word, wanted) for word, wanted in zip(words[1:], sealed[1:], strict=True))
    )
    if not same:
        hidden = None in sealed
        raise RefusedError(
            given[0] if hidden else shlex.join(given),
            f"a command that becomes what is sealed, {_shown(sealed)}",
            "another" if hidden else shlex.join(words),
            hint="leave the command out to start what is sealed, or seal this one: attest seal ... -- COMMAND",
        )
    return words


def _shown(sealed: Sequence[str | None]) -> str:
    return " ".join("…" if word is None else shlex.quote(word) for word in sealed)


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


def _is_word(word: str, sealed: str | None) -> bool:
    """A link to the sealed file is as good as its own path: pipx and `uv tool` let their users call one."""
    if sealed is None:
        return True
    both = word.startswith("/") and sealed.startswith("/")
    return word == sealed or (both and os.path.realpath(word) == os.path.realpath(sealed))
