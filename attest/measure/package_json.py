"""What a package.json says about installing its package: name, version, commands, scripts (npm, `package.json`)."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from attest.codec import strict
from attest.errors import MalformedError

MAX_PACKAGE_BYTES: Final = 4 * 1024 * 1024
_NAME: Final = re.compile(r"(?:@(?![.])[^/@\s\\]{1,213}/)?(?![._])[^/@\s\\]{1,213}")
_VERSION: Final = re.compile(r"[0-9A-Za-z.+-]{1,256}")
_AT_INSTALLATION: Final = ("preinstall", "install", "postinstall")
"""The scripts that npm and pnpm run when they install a package from an index."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PackageJson:
    """The fields that decide what an installer makes of a package."""

    name: str
    version: str
    bin: Mapping[str, str]
    """Commands and the files that they are, in normal form."""
    bin_folder: str | None
    """`directories.bin`: each file in it is a command, if there is no `bin`."""
    scripts: tuple[str, ...]
    """The scripts that are run at installation."""
    gypfile: bool
    """Whether a `binding.gyp` without such a script makes one; False only where the package says so."""

    def is_command(self, name: str, path: str) -> bool:
        """Return whether an installer makes the command `name` of the file at `path` in the package."""
        if self.bin_folder is None:
            return self.bin.get(name) == path
        inside = path.startswith(f"{self.bin_folder}/")
        return inside and posixpath.basename(path) == name and not name.startswith(".")

    def is_program(self, path: str) -> bool:
        """Return whether an installer makes the file at `path` in the package executable."""
        if self.bin_folder is None:
            return path in self.bin.values()
        return self.is_command(posixpath.basename(path), path)


def read_package(octets: bytes, *, where: str) -> PackageJson:
    """Read a package.json as npm does; raise `MalformedError` for what is none, or names no package.

    Stricter than npm in one thing: a key that stands there twice is refused. Other fields are ignored.
    """
    told = strict.parse(octets.removeprefix(b"\xef\xbb\xbf"), where=where, max_bytes=MAX_PACKAGE_BYTES)
    if not isinstance(told, dict):
        raise MalformedError(where, "a JSON object", type(told).__name__)
    name, version = told.get("name"), told.get("version")
    if not isinstance(name, str) or not _NAME.fullmatch(name) or not name.isprintable():
        raise MalformedError(where, "the name of a package", repr(name)[:120])
    if not isinstance(version, str) or not _VERSION.fullmatch(version):
        raise MalformedError(where, "the version of a package", repr(version)[:120])
    commands = _commands(told.get("bin"), name)
    folder = _object(told.get("directories")).get("bin")
    scripts = _object(told.get("scripts"))
    return PackageJson(
        name=name,
        version=version,
        bin=commands,
        bin_folder=_normal(folder) if isinstance(folder, str) and not told.get("bin") else None,
        scripts=tuple(script for script in _AT_INSTALLATION if isinstance(scripts.get(script), str)),
        gypfile=told.get("gypfile") is not False,
    )


def _commands(told: Any, name: str) -> dict[str, str]:  # noqa: ANN401  (a JSON value)
    """Bring `bin` into its normal form, as `npm-normalize-package-bin` does: no name and no path leads out."""
    if isinstance(told, str):
        told = {name: told}
    elif isinstance(told, list):
        told = {posixpath.basename(item): item for item in told if isinstance(item, str)}
    pairs = ((command, path) for command, path in _object(told).items() if isinstance(path, str))
    commands = {_last(command): _normal(path) for command, path in pairs}
    return {command: path for command, path in commands.items() if command and path}


def _last(command: str) -> str:
    return _normal(posixpath.basename(command.replace("\\", "/").replace(":", "/").rstrip("/")))


def _normal(path: str) -> str:
    return posixpath.normpath(f"/{path}".replace("\\", "/")).lstrip("/")


def _object(told: Any) -> Mapping[str, Any]:  # noqa: ANN401  (a JSON value)
    return told if isinstance(told, dict) else {}
