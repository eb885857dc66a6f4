"""`env [NAME=VALUE]... PROGRAM`: what runs in the end is the program."""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence

from attest.errors import RefusedError
from attest.measure.commands.invocation import Invocation
from attest.measure.commands.programs import ASSIGNMENT


def assigned_by_env(words: Sequence[str]) -> dict[str, str]:
    """Return the variables that a command sets by `env` before it starts its program; none without one."""
    if not words or os.path.basename(words[0]) != "env":
        return {}
    assignments = itertools.takewhile(ASSIGNMENT.fullmatch, words[1:])
    return {name: value for name, _, value in (each.partition("=") for each in assignments)}


def start_through_env(invocation: Invocation) -> Invocation:
    """Return what `env` starts; raise `RefusedError` for options."""
    words = list(itertools.dropwhile(ASSIGNMENT.fullmatch, invocation.words[1:]))
    if not words or words[0].startswith("-"):
        raise RefusedError(
            "env", "assignments and a program", words[0] if words else "none", hint="give the program itself"
        )
    return invocation.becomes(*words).assigned(assigned_by_env(invocation.words))
