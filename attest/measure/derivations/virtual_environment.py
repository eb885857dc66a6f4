"""What several rules know about virtual environments: where one is, and its interpreter."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

from attest.measure.facts import Facts
from attest.measure.trail import real_path
from attest.statement.observation import Key

CONFIGURATION: Final = "pyvenv.cfg"
ARCHIVES: Final = "archive-v0"
"""The folder in uv's cache in which `uvx` keeps environments."""
_MAX_BYTES: Final = 16 * 1024
_MAX_LINE_BYTES: Final = 4000
"""`getpath` of CPython reads lines through a buffer of `PATH_MAX` bytes."""

_LIBRARIES: Final = ("lib*/python*.zip", "lib*/python*/os.py*", "lib*/python*/lib-dynload")
_BUILDS: Final = ("pybuilddir.txt", "Modules/Setup.local")
"""By which CPython, from `home` upwards, tells where its standard library is (Modules/getpath.py)."""


def configuration_of(facts: Facts, root: str, folder: str) -> Key | None:
    """Return the `pyvenv.cfg` in `folder` (empty, or ending in `/`); None if there is none."""
    key = (root, f"{folder}{CONFIGURATION}")
    return key if facts.observed(key) else None


def read_configuration(facts: Facts, key: Key) -> Mapping[str, str] | None:
    """Return the keys and values of a `pyvenv.cfg`; None if it has other lines or a key twice.

    It is content of the hostile tree: consistent with what is there, or worth nothing.
    """
    try:
        text = facts.read(key, _MAX_BYTES).decode("utf-8")
    except UnicodeDecodeError:
        return None
    values: dict[str, str] = {}
    for line in text.removesuffix("\n").split("\n"):
        # Whoever reads lines otherwise (fixed buffers, other line ends) must find the same ones.
        if not line.isprintable() or len(line.encode()) > _MAX_LINE_BYTES:
            return None
        name, equals, value = line.partition("=")
        name = name.strip().lower()
        if not equals or not name or name in values:
            return None
        values[name] = value.strip()
    return values


def made_first_at(prefix: str, octets: bytes) -> str | None:
    """Return where in its cache uv made an environment that lies at `prefix` now, if `octets` name such a place.

    uv moves what `uvx` runs from `builds-v0` to `archive-v0`, once it is whole.
    """
    cache, archives = os.path.split(os.path.dirname(prefix))
    if archives != ARCHIVES:
        return None
    found = re.search(re.escape(os.fsencode(f"{cache}/builds-v0/.tmp")) + rb"[0-9A-Za-z]{6}(?=['/])", octets)
    return os.fsdecode(found[0]) if found else None


def is_home_of(facts: Facts, root: str, folder: str, home: str) -> bool:
    """Return whether `bin/python` of the environment leads to an interpreter of `home`, and `home` to its library.

    Looks outside the roots, at names and link targets only; the interpreter's own files are not measured.
    """
    real = facts.real(os.path.join(facts.place(root), folder, "bin", "python"))
    copied = facts.locate(real)
    if copied is not None:
        real = original_of(facts, copied, home) or real
    if not os.path.isabs(home) or facts.locate(real) is not None or not is_program(f"{facts.prefix}{real}"):
        return False
    if "\0" in home or os.path.normpath(home) != (home.rstrip("/") or "/"):
        return False
    names = {"python", "python3", os.path.basename(real)}
    if not any(facts.real(os.path.join(home, name)) == real for name in names):
        return False
    # The library is looked for beside `home`: a folder of links to the interpreter could bring another one along.
    return home == os.path.dirname(real) or _libraries(facts, home) <= _libraries(facts, os.path.dirname(real))


def original_of(facts: Facts, key: Key, home: str) -> str | None:
    """Return the interpreter of `home` that the program at `key` is a copy of (`python -m venv --copies`), if any."""
    seen = facts.observed(key)
    if seen is None or seen.sha256 is None or not seen.executable or not os.path.isabs(home) or "\0" in home:
        return None
    for name in ("python", "python3", os.path.basename(key[1])):
        real = real_path(os.path.join(home, name), facts.outside)
        place = f"{facts.outside}{real}"
        if facts.locate(real) is None and is_program(place) and _digest(place, _stamp(place)) == seen.sha256:
            return real
    return None


def _stamp(path: str) -> tuple[int, ...]:
    found = os.stat(path)
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


@lru_cache(maxsize=16)
def _digest(path: str, stamp: tuple[int, ...]) -> str | None:
    """The interpreter lies outside what is measured: here its digest only tells a copy, so its stamp is enough."""
    del stamp
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def _libraries(facts: Facts, home: str) -> frozenset[str]:
    folders = [Path(home), *Path(home).parents]
    found = {path for folder in folders for pattern in _LIBRARIES for path in _glob(facts, folder, pattern)}
    found |= {os.path.join(home, name) for name in _BUILDS if os.path.exists(f"{facts.prefix}{home}/{name}")}
    return frozenset(map(facts.real, found))


def _glob(facts: Facts, folder: Path, pattern: str) -> Iterator[str]:
    seen_from_here = Path(f"{facts.prefix}{facts.real(str(folder))}")
    return (os.path.join(folder, path.relative_to(seen_from_here)) for path in seen_from_here.glob(pattern))


def is_program(path: str) -> bool:
    """Return whether a path leads to an executable regular file."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return False
    return stat.S_ISREG(found.st_mode) and bool(found.st_mode & 0o111)
