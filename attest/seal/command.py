"""From the command that starts a server to the profile that is sealed: places become placeholders."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from attest.errors import AttestError, RefusedError
from attest.measure.commands.invocation import Invocation, Started
from attest.measure.commands.resolving import resolve
from attest.seal.messages import SurveyRoot
from attest.seal.request import SealRequest
from attest.statement.manifest import Scope
from attest.statement.placeholders import contract
from attest.statement.profile import ProcessProfile


@dataclass(frozen=True, kw_only=True)
class ResolvedCommand:
    """The process that a command becomes, as it is sealed, and the files that it starts with."""

    profile: ProcessProfile
    words: tuple[str, ...]
    """Absolute paths, the last of them best for naming the server: program, files in the arguments, first code."""
    code: tuple[str, ...]
    """Absolute paths, links followed, of the files that have to be sealed, since they run first."""


def resolve_command(command: Sequence[str], places: Mapping[str, str]) -> ResolvedCommand | None:
    """Resolve a command given here, in our own environment; None without one."""
    return resolve_request(SealRequest(command=tuple(command)), places)


def resolve_request(request: SealRequest, places: Mapping[str, str]) -> ResolvedCommand | None:
    """Resolve the command of a request, where it is given; None without one.

    `places` maps root names to absolute paths; arguments inside a root are sealed with a placeholder for it, so that
    the reference holds for an installation elsewhere.
    """
    command = request.command
    if not command:
        return None
    cwd = str(request.given_in or Path.cwd())
    environment = {**os.environ, **request.given_with}
    started = resolve(command, cwd=cwd, environment=environment)
    parameters = _parameters(request, started, cwd, environment)
    both = both_places(places)
    code = tuple(file for file in started.code if not _is_program(file, started))
    argv = [
        word if at in parameters else contracted(_behind_links(word, started, both), both)
        for at, word in enumerate(started.argv)
    ]
    return ResolvedCommand(
        profile=ProcessProfile(
            argv=tuple(argv),
            parameters=parameters,
            interpreter=None if started.interpreter is None else contracted(started.interpreter, both),
        ),
        words=(*_named_files(started, cwd), *code),
        code=code,
    )


def _parameters(request: SealRequest, started: Started, cwd: str, environment: Mapping[str, str]) -> tuple[int, ...]:
    """Return where the parameters stand in the arguments of the process.

    A word that anybody may choose must not name code.
    """
    if not request.parameters:
        return ()
    first = request.parameters[0]
    bare = told_by(request.command, first, started, cwd=cwd, environment=environment)
    if bare is None:
        where = " ".join(request.command[: first + 1])
        raise RefusedError(where, "a parameter behind all that says which code is started", "one before that")
    return tuple(at - first + len(bare.argv) for at in request.parameters)


def told_by(
    command: Sequence[str], first: int, started: Started, *, cwd: str, environment: Mapping[str, str]
) -> Started | None:
    """Return what the words before `first` become, if the others are mere arguments to that; else None."""
    try:
        bare = resolve(command[:first], cwd=cwd, environment=environment) if first else None
    except AttestError:
        return None
    whole = None if bare is None else replace(bare, argv=(*bare.argv, *command[first:]))
    return bare if whole == started else None


def refuse_unsealed(command: Sequence[str], resolved: ResolvedCommand | None, roots: Sequence[SurveyRoot]) -> None:
    """Refuse a command whose first code is in no root, or in a part of one that may change."""
    for file in () if resolved is None else resolved.code:
        if not any(_counts(file, root) for root in roots):
            raise RefusedError(
                shlex.join(command),
                "a command that starts code of a TREE",
                file,
                hint=f"seal where it is installed, too, as a further TREE: {shlex.quote(os.path.dirname(file))}",
            )


def _counts(file: str, root: SurveyRoot) -> bool:
    path = next((file[len(place) + 1 :] for place in _both(root.place) if file.startswith(f"{place}/")), None)
    if path is None or root.root.scope is Scope.LISTED:
        return path is not None and path in root.listed
    return not any(path == place or path.startswith(f"{place}/") for place in root.root.mutable)


def _is_program(file: str, started: Started) -> bool:
    """A program that is given itself may be one of the system; what a launcher or a first line leads to may not."""
    return started.given and started.interpreter is None and file == os.path.realpath(started.argv[0])


def absolute_program(program: str) -> str:
    """Return the absolute path of a program that is named here."""
    return Invocation(words=(program,), cwd=str(Path.cwd()), environment=os.environ).find(program)


def _named_files(started: Started, cwd: str) -> tuple[str, ...]:
    words = (*([started.interpreter] if started.interpreter else []), *started.argv)
    paths = (os.path.normpath(os.path.join(cwd, word)) for word in words)
    return tuple(path for path in paths if os.path.isfile(path))


def both_places(places: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """A root may be named through a link: a script's first line then holds either name."""
    return {name: _both(place) for name, place in places.items()}


def _both(place: str) -> tuple[str, str]:
    return place, os.path.realpath(place)


def _behind_links(word: str, started: Started, both: Mapping[str, tuple[str, ...]]) -> str:
    """A link elsewhere to code of a tree, as pipx and `uv tool` put on the path: the code is what is sealed."""
    real = os.path.realpath(word) if word.startswith("/") else word
    elsewhere = real in started.code and contracted(word, both) == word
    return real if elsewhere and contracted(real, both) != real else word


def contracted(argument: str, both: Mapping[str, tuple[str, ...]]) -> str:
    """Return an argument with the placeholder of the root that it lies in, under either of its names."""
    for which in (0, 1):
        shorter = contract(argument, {name: names[which] for name, names in both.items()})
        if shorter != argument:
            return shorter
    return argument
