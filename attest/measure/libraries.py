"""The shared libraries that programs need, found as the loader of glibc or musl finds them, without loading any.

ld.so(8): DT_RPATH, DT_RUNPATH, the cache, the standard directories. `LD_LIBRARY_PATH` belongs to the environment of a
process, and what is loaded by name at run time (`dlopen`: name service, character sets) is asked for by no file.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from attest.errors import UnavailableError
from attest.measure.elf import Needs, read_needs
from attest.measure.library_cache import MAX_CACHE_BYTES, read_library_cache

CACHE: Final = "/etc/ld.so.cache"
PRELOAD: Final = "/etc/ld.so.preload"
"""Libraries that glibc loads into every program."""
STANDARD: Final = ("/lib64", "/usr/lib64", "/lib", "/usr/lib", "/usr/local/lib")
_HARDWARE: Final = ("glibc-hwcaps", "tls", "haswell", "x86_64")
"""Directories in one that is searched, in which glibc (the last three: before 2.37) looks first."""


@dataclass(kw_only=True)
class Libraries:
    """What was found; paths as the loader spells them, links not followed."""

    found: set[str] = field(default_factory=set)
    absent: set[str] = field(default_factory=set)
    """Where the loader looks first and finds nothing: whatever came to lie there would be loaded."""
    missing: set[str] = field(default_factory=set)
    """Names that nothing answers to; a module that needs one cannot be loaded."""


@dataclass(frozen=True, kw_only=True)
class _Wanted:
    name: str
    machine: tuple[int, int]
    places: tuple[str, ...]
    inherited: tuple[str, ...]


def find_libraries(files: Iterable[str], cache: Mapping[str, tuple[str, ...]] | None = None) -> Libraries:
    """Return what these programs and modules need, directly or not; files that are not ELF need nothing.

    `cache` is the loader's index, read from `CACHE` unless given. Raises `MalformedError`, `UnavailableError`.
    """
    known = _read_cache() if cache is None else cache
    libraries = Libraries()
    waiting: list[tuple[str, tuple[str, ...]]] = [(path, ()) for path in files]
    seen: set[object] = set()
    while waiting:
        path, inherited = waiting.pop()
        needs = _needs(path)
        if needs is None or (path, inherited) in seen:
            continue
        seen.add((path, inherited))
        if needs.loader is not None:
            libraries.found.add(needs.loader)
        for wanted in _wanted(path, needs, inherited):
            if wanted not in seen:
                seen.add(wanted)
                waiting += [(each, wanted.inherited) for each in _search(wanted, known, libraries)]
    if os.path.lexists(PRELOAD):
        libraries.found.add(PRELOAD)
    else:
        libraries.absent.add(PRELOAD)
    return libraries


def _wanted(path: str, needs: Needs, inherited: tuple[str, ...]) -> Iterable[_Wanted]:
    origin = os.path.dirname(os.path.realpath(path))
    own = tuple(dict.fromkeys((*_expand(needs.rpath, origin), *inherited)))
    places = _expand(needs.runpath, origin) if needs.runpath else own
    for name in needs.needed:
        yield _Wanted(name=name, machine=needs.machine, places=places, inherited=own)


def _expand(places: Iterable[str], origin: str) -> tuple[str, ...]:
    expanded = (place.replace("${ORIGIN}", origin).replace("$ORIGIN", origin) for place in places)
    return tuple(os.path.normpath(place) for place in expanded if place.startswith("/") and "$" not in place)


def _search(wanted: _Wanted, cache: Mapping[str, tuple[str, ...]], libraries: Libraries) -> Iterable[str]:
    if "/" in wanted.name:
        candidates: tuple[str, ...] = (wanted.name,)
    else:
        for place in wanted.places:
            libraries.absent |= {each for each in _above(place) if _is_absent(each)}
            candidate = os.path.join(place, wanted.name)
            if _fits(candidate, wanted.machine):
                libraries.found.add(candidate)
                return (candidate,)
            if _is_absent(candidate):
                libraries.absent.add(candidate)
        candidates = cache.get(wanted.name, ())
    # Which of several the loader takes depends on the processor: all of them count.
    fitting = tuple(each for each in candidates if _fits(each, wanted.machine))
    if not fitting:
        standard = (os.path.join(place, wanted.name) for place in STANDARD)
        fitting = tuple(each for each in standard if _fits(each, wanted.machine))[:1]
    if not fitting:
        libraries.missing.add(wanted.name)
    libraries.found.update(fitting)
    return fitting


def _is_absent(path: str) -> bool:
    """Return whether nothing lies there for certain.

    A search path may lead into a directory that is closed to who seals, such as another's home in which an interpreter
    was built. What a look cannot tell then is not sealed: every later look as that user would be in trouble.
    """
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def _above(place: str) -> Iterable[str]:
    return (os.path.join(place, name) for name in _HARDWARE)


def _fits(path: str, machine: tuple[int, int]) -> bool:
    needs = _needs(path) if os.path.isfile(path) else None
    return needs is not None and needs.machine == machine


def _needs(path: str) -> Needs | None:
    try:
        with Path(path).open("rb") as stream:
            return read_needs(stream, where=path)
    except OSError as error:
        raise UnavailableError(path, "a readable file", error.strerror or "an error") from error


def _read_cache() -> Mapping[str, tuple[str, ...]]:
    try:
        octets = Path(CACHE).read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UnavailableError(CACHE, "a readable file", error.strerror or "an error") from error
    return read_library_cache(octets[:MAX_CACHE_BYTES], where=CACHE)
