"""`npx PACKAGE`, `npx -p PACKAGE COMMAND`, `npm exec`: what npm would start of what is installed already.

It looks in the project, then in the installation, then in its own cache, in a folder named after what was asked for.
The command that it finds there is started through a shell, by its absolute path.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Collection
from dataclasses import replace
from typing import Final

from attest.errors import MalformedError, RefusedError, UnavailableError
from attest.measure.commands.invocation import Invocation
from attest.measure.commands.npm_places import NpmPlaces, bins_upwards, cache_folder, command_of, npm_places, package_at
from attest.measure.commands.options import Options, read_options

_PACKAGE: Final = ("-p", "--package")
_VALUED: Final = frozenset((*_PACKAGE, "--cache", "--loglevel", "--registry"))
_SWITCHES: Final = frozenset(
    ("-y", "--yes", "-q", "--quiet", "-s", "--silent", "--no", "--no-install", "--offline", "--prefer-offline",
     "--prefer-online", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--no-progress")
)  # fmt: skip
_SPEC: Final = re.compile(r"(?P<name>(?:@[^/@\s]+/)?[^/@:\s]+)(?:@(?P<version>[^@/:\s]*))?")
_EXACT: Final = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+(?:[-+][0-9A-Za-z.+-]+)?")


def start_npx(invocation: Invocation) -> Invocation:
    """Return the command that npx starts; raise `UnavailableError` if its package is not installed."""
    return _start(invocation, invocation.words[1:], with_npm=False)


def start_npm(invocation: Invocation) -> Invocation:
    """Return what `npm exec` starts; other commands of npm start a shell of the project's choice, and are refused."""
    if invocation.words[1:2] not in {("exec",), ("x",)}:
        raise RefusedError(
            " ".join(invocation.words[:2]),
            "npm exec",
            "a command that starts a script of package.json",
            hint="give the command that the script names, as: -- node SCRIPT",
        )
    return _start(invocation, invocation.words[2:], with_npm=True)


def _start(invocation: Invocation, words: tuple[str, ...], *, with_npm: bool) -> Invocation:
    program = invocation.find(invocation.words[0])
    invocation = replace(invocation, cwd=os.path.realpath(invocation.cwd))  # npm's own working directory has no links
    options = read_options("npx", words, valued=_VALUED, switches=_SWITCHES)
    rest = options.rest[1:] if with_npm and options.rest[:1] == ("--",) else options.rest
    if not rest:
        raise RefusedError("npx", "a package or a command", "none")
    places = npm_places(invocation, program=program, cache=options.last("--cache"))
    name, first = _choose(invocation, places, options, rest[0])
    path = invocation.becomes(name, *rest[1:], first=(*first, *bins_upwards(invocation.cwd)))
    return replace(path, words=(path.find(name), *rest[1:]))


def _choose(invocation: Invocation, places: NpmPlaces, options: Options, word: str) -> tuple[str, tuple[str, ...]]:
    """Return the command's name, and the folder that npx looks in before the others, if any."""
    asked = options.all(*_PACKAGE)
    if asked:
        specs = tuple(_folder_or_spec(invocation, spec) for spec in asked)
        if all(_is_local(spec, os.path.join(places.project, "node_modules")) for spec in specs):
            return word, ()
        return word, (_cached(invocation, places, specs),)
    if word in _own_commands(places.project):
        return word, (_cached(invocation, places, (os.path.realpath(places.project),)),)
    for folder in (*bins_upwards(places.project), places.global_bin):
        if os.path.isfile(os.path.join(folder, word)):
            return word, (folder,)
    return _by_package(invocation, places, _folder_or_spec(invocation, word))


def _own_commands(project: str) -> Collection[str]:
    """Return the commands that a project itself has; most have none, and many no name and version either."""
    try:
        own = package_at(project)
    except MalformedError:
        return ()
    return () if own is None else own.bin


def _by_package(invocation: Invocation, places: NpmPlaces, spec: str) -> tuple[str, tuple[str, ...]]:
    modules = os.path.join(places.project, "node_modules")
    if _is_local(spec, modules):
        return _command_in(modules, spec), ()
    if _is_local(spec, places.global_modules):
        command = _command_in(places.global_modules, spec)
        if os.path.isfile(os.path.join(places.global_bin, command)):
            return command, (places.global_bin,)
    bins = _cached(invocation, places, (spec,))
    return _command_in(os.path.dirname(bins), spec), (bins,)


def _is_local(spec: str, modules: str) -> bool:
    """Return whether npx takes the package that lies in `modules` for what was asked."""
    asked = _SPEC.fullmatch(spec)
    found = package_at(os.path.join(modules, asked["name"])) if asked is not None else None
    if asked is None or found is None:
        return False
    version = asked["version"]
    if version and not _EXACT.fullmatch(version):
        raise RefusedError(
            f"npx {spec}", "an exact version, since another one is installed beside it", found.version,
            hint=f"npx {found.name}@{found.version}  (it lies in {modules})",
        )  # fmt: skip
    return not version or version == found.version


def _cached(invocation: Invocation, places: NpmPlaces, specs: tuple[str, ...]) -> str:
    bins = os.path.join(cache_folder(places, specs), "node_modules", ".bin")
    if not os.path.isdir(bins):
        wanted = " ".join(f"-p {shlex.quote(spec)}" for spec in specs)
        raise UnavailableError(
            f"npx {' '.join(specs)}", "a package that is installed or in the cache of npx", "neither",
            hint=f"(cd {shlex.quote(invocation.cwd)} && npx -y {wanted} -- true)",
        )  # fmt: skip
    return bins


def _command_in(modules: str, spec: str) -> str:
    asked = _SPEC.fullmatch(spec)
    package = package_at(os.path.join(modules, asked["name"])) if asked is not None else None
    if package is None:  # the name of an archive or a repository stands in what was installed, not in the command
        raise RefusedError(
            f"npx {spec}", "the name of a package", "another specification", hint="npx -p SPECIFICATION COMMAND"
        )
    return command_of(package)


def _folder_or_spec(invocation: Invocation, spec: str) -> str:
    """Return a folder as npx names it in its cache, by its absolute path; any other specification as it is."""
    path = invocation.absolute(spec)
    return path if spec.startswith((".", "/")) and os.path.isdir(path) else spec
