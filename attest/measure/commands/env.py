"""`env [NAME=VALUE]... PROGRAM`: what runs in the end is the program."""

from __future__ import annotations

from attest.errors import RefusedError
from attest.measure.commands.invocation import Invocation
from attest.measure.commands.programs import ASSIGNMENT


def start_through_env(invocation: Invocation) -> Invocation:
    """Return what `env` starts; raise `RefusedError` for options."""
    words = list(invocation.words[1:])
    assigned: dict[str, str] = {}
    while words and ASSIGNMENT.fullmatch(words[0]):
        name, _, value = words.pop(0).partition("=")
        assigned[name] = value
    if not words or words[0].startswith("-"):
        raise RefusedError(
            "env", "assignments and a program", words[0] if words else "none", hint="give the program itself"
        )
    return invocation.becomes(*words).assigned(assigned)
