"""Where npm keeps things: its settings, a project's folder, the cache of npx; read from files and the environment."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from attest.errors import RefusedError
from attest.measure.commands.invocation import Invocation, parents
from attest.measure.commands.reading import read_beginning, read_text
from attest.measure.package_json import MAX_PACKAGE_BYTES, PackageJson, read_package

_VARIABLE: Final = re.compile(r"\$\{([^}]+)\}")
_BINS: Final = ("node_modules", ".bin")


@dataclass(frozen=True, kw_only=True)
class NpmPlaces:
    """The folders in which npx looks, links followed, as npm's working directory has none."""

    project: str
    """The first folder upwards with a `package.json` or `node_modules`; else the current one."""
    cache: str
    prefix: str

    @property
    def global_modules(self) -> str:
        """Where packages of the whole installation lie."""
        return os.path.join(self.prefix, "lib", "node_modules")

    @property
    def global_bin(self) -> str:
        """Where their commands lie."""
        return os.path.join(self.prefix, "bin")


def npm_places(invocation: Invocation, *, program: str, cache: str | None) -> NpmPlaces:
    """Find the places; `program` is npx itself, `cache` an option that was given."""
    project = next(
        (
            folder
            for folder in parents(invocation.cwd)
            if os.path.isfile(f"{folder}/package.json") or os.path.isdir(f"{folder}/node_modules")
        ),
        invocation.cwd,
    )
    node = os.path.join(os.path.dirname(program), "node")
    node = node if os.path.isfile(node) else invocation.find("node")
    prefix = _setting("prefix", invocation, project) or os.path.dirname(os.path.dirname(os.path.realpath(node)))
    folder = cache or _setting("cache", invocation, project) or os.path.join(invocation.home, ".npm")
    return NpmPlaces(project=project, cache=invocation.absolute(folder), prefix=invocation.absolute(prefix))


def cache_folder(places: NpmPlaces, specs: Sequence[str]) -> str:
    """Return the folder in which npx installs these packages.

    More than one are sorted there by the rules of a language, here by code points: another order finds no folder.
    """
    digits = hashlib.sha512(os.fsencode("\n".join(sorted(specs)))).hexdigest()[:16]
    return os.path.join(places.cache, "_npx", digits)


def bins_upwards(folder: str) -> tuple[str, ...]:
    """Return the `node_modules/.bin` of a folder and those above it, which npx puts into `PATH`."""
    return tuple(os.path.join(each, *_BINS) for each in parents(folder))


def package_at(folder: str) -> PackageJson | None:
    """Read the package in a folder; None if there is none."""
    try:
        octets = read_beginning(os.path.join(folder, "package.json"), MAX_PACKAGE_BYTES + 1)
    except OSError:
        return None
    return read_package(octets, where=f"{folder}/package.json")


def command_of(package: PackageJson) -> str:
    """Return the command that npx takes of a package: its only one, else the one with the package's name."""
    if len(set(package.bin.values())) == 1:
        return next(iter(package.bin))
    name = package.name.rpartition("/")[2]
    if name in package.bin:
        return name
    found = ", ".join(sorted(package.bin)) or "none"
    raise RefusedError(
        f"npx {package.name}", f"a package with one command, or one called {name}", found,
        hint=f"npx -p {package.name} COMMAND",
    )  # fmt: skip


def _setting(name: str, invocation: Invocation, project: str) -> str | None:
    """Return a setting as npm reads it: environment, then the project's file, then the user's."""
    told = {key.lower(): value for key, value in invocation.environment.items()}
    user = told.get("npm_config_userconfig") or os.path.join(invocation.home, ".npmrc")
    if told.get(f"npm_config_{name}"):
        return told[f"npm_config_{name}"]
    files = (os.path.join(project, ".npmrc"), user)
    return next((value for file in files for key, value in _lines(file, invocation) if key == name), None)


def _lines(file: str, invocation: Invocation) -> Iterator[tuple[str, str]]:
    for line in reversed(read_text(file).splitlines()):  # the last one counts
        key, equals, value = line.partition("=")
        if equals and not key.lstrip().startswith(("#", ";")):
            value = value.strip().strip("\"'")
            value = _VARIABLE.sub(lambda found: invocation.environment.get(found[1], found[0]), value)
            yield key.strip(), re.sub(r"^~(?=/)", lambda _: invocation.home, value)
