"""What a configured command would execute, told without starting anything; or why that cannot be told."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from attest.clients.configuration import ConfiguredServer
from attest.errors import AttestError, UnavailableError
from attest.measure.commands.invocation import Started
from attest.measure.commands.resolving import resolve
from attest.scan.model import Concern, ConcernKind, Executed

_FETCHING: Final = frozenset({"npx", "uvx", "pipx", "bunx", "pnpx", "uv", "npm", "docker", "podman"})
_SPEC: Final = re.compile(r"(?:@[^/@\s]+/)?[A-Za-z0-9][A-Za-z0-9._-]*(?:\[[^\]]*\])?(?P<version>(?:@|==)[0-9].*)?")
CONTAINERS: Final = frozenset({"docker", "podman", "nerdctl", "container"})
"""Programs whose arguments name an image: what is in it starts somewhere else."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """The process, or None and why not; in either case what to worry about."""

    executed: Executed | None
    started: Started | None
    concerns: tuple[Concern, ...] = ()


def tell(server: ConfiguredServer, *, cwd: str, environment: Mapping[str, str]) -> Told:
    """Tell what a server's command, given in the folder `cwd` and this environment, would run."""
    command = server.command
    concerns = _unpinned(command)
    try:
        started = resolve(command, cwd=server.cwd or cwd, environment={**environment, **server.environment})
    except UnavailableError as error:
        return Told(executed=None, started=None, concerns=(*concerns, _missing(command, error)))
    except AttestError as error:
        # The message may hold arguments of the command: what was expected may be shown, what was found may not.
        concern = Concern(kind=ConcernKind.UNREADABLE, text=f"expected {error.expected}", hint=_known_hint(error))
        return Told(executed=None, started=None, concerns=(*concerns, concern))
    return Told(executed=_executed(started), started=started, concerns=(*concerns, *_contained(started)))


def shown_words(command: Sequence[str]) -> tuple[str, ...]:
    """Return the beginning of a command as far as it names what is started; the rest may be secret."""
    name = _name(command)
    if name not in _FETCHING or name in CONTAINERS:
        return tuple(command[:1])
    spec = _spec(command)
    return (command[0],) if spec is None else (command[0], spec)


def _executed(started: Started) -> Executed:
    program = started.interpreter or started.argv[0]
    words = started.argv if started.interpreter is not None else started.argv[1:]
    known = sum(word in started.code for word in words)
    return Executed(program=program, code=started.code, more_arguments=len(words) - known)


def _contained(started: Started) -> tuple[Concern, ...]:
    program = Path(started.interpreter or started.argv[0]).name
    if program not in CONTAINERS:
        return ()
    text = f"what {program} starts runs in a container: nothing in there is measured here"
    hint = "let attest run inside, beside the server: seal in the image what it starts"
    return (Concern(kind=ConcernKind.CONTAINER, text=text, hint=hint),)


def _name(command: Sequence[str]) -> str:
    return command[0].rpartition("/")[2] if command else ""


def _spec(command: Sequence[str]) -> str | None:
    """Return the package that a fetching launcher is told, if it is plain to see."""
    words = list(command[1:])
    for option in ("-p", "--package", "--from"):
        if option in words[:-1]:
            return words[words.index(option) + 1]
    plain = [word for word in words if not word.startswith("-") and word not in {"run", "tool", "exec", "x"}]
    return plain[0] if plain and _SPEC.fullmatch(plain[0]) else None


def _unpinned(command: Sequence[str]) -> tuple[Concern, ...]:
    name, spec = _name(command), _spec(command)
    match = _SPEC.fullmatch(spec) if spec is not None else None
    if name not in _FETCHING or name in CONTAINERS or match is None or match["version"]:
        return ()
    sign = "@" if name in {"npx", "npm", "bunx", "pnpx", "uvx"} else "=="
    return (
        Concern(
            kind=ConcernKind.UNPINNED,
            text="no version is named: another one may start tomorrow",
            hint=f"name one: {spec}{sign}VERSION",
        ),
    )


def _missing(command: Sequence[str], error: UnavailableError) -> Concern:
    name = _name(command)
    if name in _FETCHING:
        text = f"{name} fetches it when it starts: what runs is whatever the index gives out then"
        return Concern(kind=ConcernKind.NOT_INSTALLED, text=text, hint=error.hint)
    return Concern(kind=ConcernKind.UNREADABLE, text=f"expected {error.expected}, found {error.found}", hint=error.hint)


def _known_hint(error: AttestError) -> str | None:
    """A hint that may hold words of the command is not shown."""
    return error.hint if error.hint is not None and "-- " not in error.hint else None
