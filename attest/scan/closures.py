"""Which directories a server is loaded from, told by where its first code lies."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from attest.measure.commands.invocation import Started, parents

_ENVIRONMENT: Final = "pyvenv.cfg"
_MODULES: Final = "node_modules"
_SITES: Final = frozenset({"site-packages", "dist-packages"})


def closure_places(started: Started) -> tuple[Path, ...]:
    """Return the directories, or single files, that have to be looked at; none inside another."""
    words = [word for word in (started.interpreter, *started.argv[:1]) if word is not None]
    environments = {place for word in words if (place := _environment_of(word)) is not None}
    found = [*environments, *(_place_of(file) for file in started.code)]
    return _outermost(Path(place) for place in found)


def _place_of(file: str) -> str:
    above = parents(os.path.dirname(file))
    for folder in above:
        if os.path.isfile(os.path.join(folder, _ENVIRONMENT)):
            return folder
        if os.path.basename(folder) in _SITES:
            return folder
    modules = [folder for folder in above if os.path.basename(folder) == _MODULES]
    if modules:
        return modules[-1]
    package = next((folder for folder in above if os.path.isfile(os.path.join(folder, "package.json"))), None)
    return package or file


def _environment_of(program: str) -> str | None:
    """Return the environment of an interpreter that is started by a link in it."""
    folder = os.path.dirname(os.path.dirname(program))
    return folder if os.path.isfile(os.path.join(folder, _ENVIRONMENT)) else None


def _outermost(places: Iterable[Path]) -> tuple[Path, ...]:
    every = sorted(set(places))
    return tuple(place for place in every if not any(other in place.parents for other in every))
