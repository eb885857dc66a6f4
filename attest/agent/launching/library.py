"""Which sources may lie outside the closure: those of the interpreter, and what the server could not have written."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from attest.codec.files import read_file
from attest.errors import AttestError
from attest.measure.runtimes import RUNTIMES

_LIBRARY: Final = re.compile(r"(local/)?lib(64)?/python3(\.[0-9]{1,2}t?)?/")
"""Below its prefix: the standard library, and the packages that are installed into the interpreter itself."""


@dataclass(frozen=True, kw_only=True)
class Library:
    """What one interpreter brings along, and the user who runs it."""

    prefix: str | None
    """Where it is installed; absolute, links followed. None for a program that is no interpreter with a library."""
    uid: int

    def source(self, path: str) -> str | None:
        """Return where a source really lies if it is one that may be outside the closure; else None."""
        real = os.path.realpath(path)
        return real if self._holds(path) or self._holds(real) or not _may_write(self.uid, real) else None

    def _holds(self, path: str) -> bool:
        if self.prefix is None or not path.startswith(f"{self.prefix}/"):
            return False
        return _LIBRARY.match(path[len(self.prefix) + 1 :]) is not None


def library_of(program: str, uid: int) -> Library:
    """Return what the interpreter brings along that `program` leads to."""
    return Library(prefix=_prefix(_installed(Path(os.path.realpath(program)))), uid=uid)


def _installed(program: Path) -> Path:
    """Return the interpreter whose library a program uses: itself, or for an environment's copy what it is a copy of.

    `venv --copies` makes one, and tells in `pyvenv.cfg` where from; that file is sealed, and nothing is started before
    it was seen to be as sealed.
    """
    try:
        lines = read_file(program.parent.with_name("pyvenv.cfg")).decode().splitlines()
    except (AttestError, UnicodeDecodeError):
        return program
    told = dict(line.split(" = ", 1) for line in lines if " = " in line)
    names = (program.name, "python3")
    found = (Path(os.path.realpath(Path(told.get("home", ""), name))) for name in names if "home" in told)
    return next((each for each in found if each.is_file()), program)


def _prefix(program: Path) -> str | None:
    kind = next((kind for kind in RUNTIMES.values() if kind.recognises(program)), None)
    try:
        layout = None if kind is None else kind.lay_out(program)
    except (AttestError, OSError):
        return None
    return None if layout is None or layout.library is None else os.path.realpath(layout.prefix)


def _may_write(uid: int, path: str) -> bool:
    """Return whether this user could have put the file there; root could have put any."""
    if uid == 0:
        return True
    place = Path(path)
    try:
        found = [each.lstat() for each in (place, *place.parents)]
    except OSError:
        return True
    return any(status.st_uid != 0 or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) for status in found)
