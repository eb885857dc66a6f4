"""From a command to the process that it ends as, one launcher after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from attest.errors import RefusedError
from attest.measure.commands.invocation import Invocation, Started
from attest.measure.commands.launchers import launcher_of
from attest.measure.commands.programs import start_program

MAX_STEPS: Final = 8
"""`env uv run npx ...` has four; one that leads back to itself has no end."""


def resolve(command: Sequence[str], *, cwd: str, environment: Mapping[str, str]) -> Started:
    """Return what `command`, given in the folder `cwd`, will really run. Reads files, starts nothing.

    Raises `UnavailableError` for what is not installed, `RefusedError` for what cannot be told, both with a hint.
    """
    return _resolved(Invocation(words=tuple(command), cwd=cwd, environment=environment))[0]


def assigned_by(command: Sequence[str], *, cwd: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that a command sets before it starts its program (`env`, a script that ends in `exec`).

    Raises as `resolve` does.
    """
    last = _resolved(Invocation(words=tuple(command), cwd=cwd, environment=environment))[1]
    return {name: value for name, value in last.items() if environment.get(name) != value and name != "PATH"}


def _resolved(first: Invocation) -> tuple[Started, Mapping[str, str]]:
    step: Started | Invocation = first
    command, environment = first.words, first.environment
    for _ in range(MAX_STEPS):
        if isinstance(step, Started):
            return step, environment
        environment = step.environment
        if not step.words:
            raise RefusedError(" ".join(command), "a command that starts a program", "none")
        step = (launcher_of(step.words[0]) or start_program)(step)
    if isinstance(step, Started):
        return step, environment
    raise RefusedError(" ".join(command), f"a program within {MAX_STEPS} launchers", "more")
