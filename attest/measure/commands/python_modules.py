"""Where `python -m MODULE` will find its module, told by reading files only.

Searched as CPython does: the current folder, `PYTHONPATH`, the standard library, the environment's packages and the
folders that its `.pth` files name. What import hooks would find is not seen, and so refused.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from attest.errors import RefusedError
from attest.measure.commands.invocation import Invocation
from attest.measure.commands.reading import read_text

_MAX_LINES: Final = 10_000
_IDENTIFIERS: Final = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
_LIBRARY: Final = re.compile(r"python3\.[0-9]{1,2}t?")
_CODE_ENDINGS: Final = (".py", ".pyc")


@dataclass(frozen=True, kw_only=True)
class SearchPath:
    """What decides where modules are searched."""

    interpreter: str
    invocation: Invocation
    ignores_environment: bool
    safe: bool
    without_site: bool


def find_module(module: str, path: SearchPath) -> tuple[str, ...]:
    """Return the files that `-m module` runs: the packages above it, then the module itself, links followed."""
    if _IDENTIFIERS.fullmatch(module) is None:
        raise RefusedError(f"-m {module}", "the name of a module", ascii(module))
    first, *others = module.split(".")
    folders = tuple(_folders(path))
    code: list[str] = []
    for number, name in enumerate((first, *others)):
        found = _find(name, folders)
        if found is None:
            raise _missing(module, path)
        last = number == len(others)
        if os.path.isdir(found):
            folders = (found,)
            code += [file for file in [_file(found, "__init__")] if file is not None]
            main = _file(found, "__main__") if last else None
            if last and main is None:
                raise RefusedError(f"-m {module}", "a package that can be started", f"no __main__ in {found}")
            code += [main] if main is not None else []
        elif last and found.endswith(_CODE_ENDINGS):
            code.append(found)
        else:
            raise RefusedError(f"-m {module}", "a module of Python code", found)
    return tuple(os.path.realpath(file) for file in code)


def _find(name: str, folders: tuple[str, ...]) -> str | None:
    """Find a package's folder or a module's file, in the order of `FileFinder`; then a folder without `__init__`."""
    for folder in folders:
        package = os.path.join(folder, name)
        if _file(package, "__init__") is not None:
            return package
        library = next(Path(folder).glob(f"{name}.*.so"), None) or next(Path(folder).glob(f"{name}.so"), None)
        found = str(library) if library is not None else _file(folder, name)
        if found is not None:
            return found
    return next((place for folder in folders if os.path.isdir(place := os.path.join(folder, name))), None)


def _file(folder: str, name: str) -> str | None:
    files = (os.path.join(folder, name + ending) for ending in _CODE_ENDINGS)
    return next((file for file in files if os.path.isfile(file)), None)


def _folders(path: SearchPath) -> Iterator[str]:
    environment = path.invocation.environment
    if not path.safe and (path.ignores_environment or not environment.get("PYTHONSAFEPATH")):
        yield path.invocation.cwd
    if not path.ignores_environment:
        for folder in filter(None, environment.get("PYTHONPATH", "").split(os.pathsep)):
            yield path.invocation.absolute(folder)
    real = os.path.dirname(os.path.dirname(os.path.realpath(path.interpreter)))
    library = _library_of(real, os.path.basename(os.path.realpath(path.interpreter)))
    if library is not None:
        yield from (library, os.path.join(library, "lib-dynload"))
    if path.without_site:
        return
    for prefix in _prefixes(path.interpreter, real, path.invocation.home):
        names = ("site-packages", "dist-packages")
        for found in sorted(file for name in names for file in Path(prefix, "lib").glob(f"python3*/{name}")):
            if library is None or found.parent.name in {os.path.basename(library), "python3"}:
                yield str(found)
                yield from _named_by_pth(found)


def _library_of(prefix: str, program: str) -> str | None:
    names = [program] if _LIBRARY.fullmatch(program) else sorted(path.name for path in Path(prefix, "lib").glob("py*"))
    places = (os.path.join(prefix, "lib", name) for name in names if _LIBRARY.fullmatch(name))
    return next((place for place in places if os.path.isfile(os.path.join(place, "os.py"))), None)


def _prefixes(interpreter: str, real: str, home: str) -> Iterator[str]:
    """Yield the environment of an interpreter, and the user's and the whole installation where it sees them."""
    environment = os.path.dirname(os.path.dirname(interpreter))
    settings = os.path.join(environment, "pyvenv.cfg")
    is_environment = os.path.isfile(settings)
    if is_environment:
        yield environment
    if not is_environment or re.search(
        r"^include-system-site-packages\s*=\s*true\s*$", read_text(settings), re.MULTILINE | re.IGNORECASE
    ):
        yield from (os.path.join(home, ".local"), os.path.join(real, "local"), real)


def _named_by_pth(folder: Path) -> Iterator[str]:
    for file in sorted(folder.glob("*.pth")):
        for line in read_text(str(file)).splitlines()[:_MAX_LINES]:
            named = os.path.join(folder, line.strip())
            if line.strip() and not line.startswith(("#", "import ", "import\t")) and os.path.isdir(named):
                yield os.path.normpath(named)


def _missing(module: str, path: SearchPath) -> RefusedError:
    return RefusedError(
        f"{path.interpreter} -m {module}",
        "a module that this interpreter finds",
        "none",
        hint=f"{path.interpreter} -m pip install PACKAGE, or give the command that its package installs",
    )
