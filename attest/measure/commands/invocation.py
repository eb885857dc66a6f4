"""A command where and as it is given, and the process that it ends as."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from attest.errors import UnavailableError


@dataclass(frozen=True, kw_only=True)
class Started:
    """A process as `/proc` will show it."""

    argv: tuple[str, ...]
    """As in `ProcessProfile`: with an interpreter, what follows it."""
    interpreter: str | None = None
    code: tuple[str, ...] = ()
    """Absolute paths, links followed, of the files whose code it runs first."""
    given: bool = False
    """Whether its program was named itself, be it by a script that ends in `exec`, and by no launcher."""


@dataclass(frozen=True, kw_only=True)
class Invocation:
    """A command, the folder that it is given in, and its environment."""

    words: tuple[str, ...]
    cwd: str
    environment: Mapping[str, str]
    given: bool = True
    """As of `Started`."""

    @property
    def home(self) -> str:
        """The user's folder."""
        return self.environment.get("HOME") or os.path.expanduser("~")

    def absolute(self, path: str) -> str:
        """Return the absolute, normalised form of a path; its links are not followed."""
        return os.path.normpath(os.path.join(self.cwd, path))

    def on_path(self, program: str) -> str | None:
        """Return the absolute path of the program that a shell would start; None without one."""
        if "/" in program:
            return shutil.which(self.absolute(program))
        folders = self.environment.get("PATH", os.defpath).split(os.pathsep)
        return shutil.which(program, path=os.pathsep.join(self.absolute(folder) for folder in folders))

    def find(self, program: str) -> str:
        """Return the absolute path of a program; raise `UnavailableError` if there is none to start."""
        found = self.on_path(program)
        if found is not None:
            return os.path.normpath(found)
        if os.path.isfile(self.absolute(program)):
            raise UnavailableError(program, "an executable file", "one that may not be executed", hint="chmod +x")
        raise UnavailableError(program, "an executable file", "none", hint="give the path of the program")

    def becomes(self, *words: str, cwd: str | None = None, first: tuple[str, ...] = ()) -> Invocation:
        """Return what this one starts: other words, perhaps in another folder, with folders put first in `PATH`."""
        path = os.pathsep.join((*first, self.environment.get("PATH", os.defpath)))
        return replace(
            self, words=words, cwd=cwd or self.cwd, environment={**self.environment, "PATH": path}, given=False
        )

    def assigned(self, variables: Mapping[str, str]) -> Invocation:
        """Return the same with other variables in its environment."""
        return replace(self, environment={**self.environment, **variables})


def parents(folder: str) -> tuple[str, ...]:
    """Return a folder and those above it, up to `/`."""
    return tuple(str(path) for path in (Path(folder), *Path(folder).parents))
