"""From what a person allows a server's process to the profile that is sealed: places become placeholders here, too."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from attest.errors import RefusedError
from attest.seal.command import absolute_program, both_places, contracted
from attest.seal.request import ProcessRules
from attest.statement.profile import (
    FORBIDDEN_NAMES,
    EnvironmentRules,
    EnvironmentValue,
    ProcessProfile,
    covers,
)

_NOWHERE: Final = "none"
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,255}")
_VALUE: Final = re.compile(r"[^\x00-\x1f\x7f]{0,4096}")
_TCP: Final = re.compile(r"tcp:(\[[^]]+\]|[^:]+):([0-9]{1,5})")
_MAX_PORT: Final = 65535


def add_rules(profile: ProcessProfile | None, rules: ProcessRules, places: Mapping[str, str]) -> ProcessProfile | None:
    """Return the profile with the rules; raise `RefusedError` for one that cannot be kept, or that is about nothing."""
    if rules == ProcessRules():
        return profile
    if profile is None:
        raise RefusedError(
            "--env, --cwd, --child, --listen", "a COMMAND, whose process they are about", "none", hint="... -- COMMAND"
        )
    both = both_places(places)
    directory = rules.working_directory
    return msgspec.structs.replace(
        profile,
        environment=_environment(rules.environment) if rules.environment else None,
        working_directory=None if directory is None else contracted(_directory(str(directory)), both),
        children=tuple(contracted(absolute_program(each), both) for each in rules.children) or None,
        listening=_listening(rules.listening) if rules.listening else None,
    )


def _environment(given: Sequence[str]) -> EnvironmentRules:
    allowed: set[str] = set()
    fixed: dict[str, str] = {}
    for each in given:
        name, equals, value = each.partition("=")
        plain = name if equals else name.removesuffix("*")
        if not _NAME.fullmatch(plain) or not _VALUE.fullmatch(value):
            raise RefusedError("--env", "NAME, NAME* or NAME=VALUE, the value one line", each)
        if equals and fixed.setdefault(name, value) != value:
            raise RefusedError(f"--env {name}", "one value", "two")
        if not equals:
            _refuse_forbidden(name)
            allowed.add(name)
    return EnvironmentRules(
        allowed=tuple(sorted(allowed)),
        fixed=tuple(EnvironmentValue(name=name, value=value) for name, value in sorted(fixed.items())),
    )


def _refuse_forbidden(pattern: str) -> None:
    for name in sorted(FORBIDDEN_NAMES):
        if covers(pattern, name):
            raise RefusedError(
                f"--env {pattern}",
                "no name that can load other code, whatever its value",
                name,
                hint=f"seal its value: --env {name}=VALUE",
            )


def _directory(given: str) -> str:
    place = os.path.realpath(given)
    if not Path(place).is_dir():
        raise RefusedError("--cwd", "a directory", given)
    return place


def _listening(given: Sequence[str]) -> tuple[str, ...]:
    if tuple(given) == (_NOWHERE,):
        return ()
    return tuple(sorted({_listens_at(each) for each in given}))


def _listens_at(given: str) -> str:
    if given.startswith("unix:") and len(given) > len("unix:") and given.isprintable():
        return given
    match = _TCP.fullmatch(given)
    address = None if match is None else _address(match[1])
    if match is None or address is None or int(match[2]) > _MAX_PORT:
        raise RefusedError("--listen", "tcp:ADDRESS:PORT, tcp:[ADDRESS]:PORT, unix:PATH, or none alone", given)
    return f"tcp:{address}:{int(match[2])}"


def _address(given: str) -> str | None:
    """Return an IP address as it is found, None if it is none: a name would be another one elsewhere."""
    try:
        address = ipaddress.ip_address(given.strip("[]"))
    except ValueError:
        return None
    return f"[{address}]" if address.version == 6 else str(address)  # noqa: PLR2004  (of the protocol)
