"""The table of launchers: programs that start another one, or code that another argument names."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from attest.measure.commands.env import start_through_env
from attest.measure.commands.invocation import Invocation, Started
from attest.measure.commands.node import start_node
from attest.measure.commands.npx import start_npm, start_npx
from attest.measure.commands.pipx import refuse_pipx
from attest.measure.commands.python import start_python
from attest.measure.commands.uv import start_uv, start_uvx

Launcher: TypeAlias = Callable[[Invocation], Started | Invocation]
"""One step: the process, or the command that this one starts."""

LAUNCHERS: Final[Mapping[str, Launcher]] = {
    "env": start_through_env,
    "node": start_node,
    "npm": start_npm,
    "npx": start_npx,
    "pipx": refuse_pipx,
    "python": start_python,
    "uv": start_uv,
    "uvx": start_uvx,
}

_ALSO: Final = ((re.compile(r"nodejs"), "node"), (re.compile(r"python3(\.[0-9]{1,2}t?)?"), "python"))


def launcher_of(program: str) -> Launcher | None:
    """Return the row for a program by its name without folders; None for any other program."""
    name = program.rpartition("/")[2]
    name = next((row for pattern, row in _ALSO if pattern.fullmatch(name)), name)
    return LAUNCHERS.get(name)
