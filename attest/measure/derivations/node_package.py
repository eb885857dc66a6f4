"""What several rules know about packages of npm: which sealed package.json a file belongs to, and what it says."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from attest.errors import MalformedError
from attest.measure.facts import Facts
from attest.measure.package_json import MAX_PACKAGE_BYTES, PackageJson, read_package
from attest.statement.observation import Key

PACKAGE: Final = "package.json"
_MOST_LINKS: Final = 40
"""As the kernel (MAXSYMLINKS)."""


def sealed_package(facts: Facts, root: str, folder: str) -> PackageJson | None:
    """Return what the sealed package.json of a folder says; None if there is none, or none that names a package."""
    key = package_key(root, folder)
    if not facts.sealed(key):
        return None
    return _read(facts.read(key, MAX_PACKAGE_BYTES))


def package_above(facts: Facts, root: str, path: str) -> tuple[str, PackageJson] | None:
    """Return the innermost folder above a file that holds a package, and that package."""
    folder = path
    while folder:
        folder = posixpath.dirname(folder)
        package = sealed_package(facts, root, folder)
        if package is not None:
            return folder, package
    return None


def package_key(root: str, folder: str) -> Key:
    """Return where the package.json of a folder lies."""
    return root, f"{folder}/{PACKAGE}" if folder else PACKAGE


def led_to(path: str, target: str) -> str | None:
    """Return the path in the root that a link at `path` leads to; None if it leads out of the root, or is absolute.

    Whoever finds an observed file there knows that no other link lay on the way: links are not followed in a look.
    """
    if target.startswith("/"):
        return None
    there = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
    return None if there in {".", ".."} or there.startswith("../") else there


def followed(facts: Facts, root: str, path: str) -> str | None:
    """Return where a path leads with every link on it followed; None if that is out of the root, or endless."""
    for _ in range(_MOST_LINKS):
        for above in _folders(path):
            seen = facts.observed((root, above))
            if seen is not None and seen.target is not None:
                there = led_to(above, seen.target)
                break
        else:
            return path
        if there is None:
            return None
        path = there + path[len(above) :]
    return None


def _folders(path: str) -> Iterator[str]:
    """Yield the folders above a path, outermost first, and the path itself."""
    cut = path.find("/")
    while cut >= 0:
        yield path[:cut]
        cut = path.find("/", cut + 1)
    yield path


@lru_cache(maxsize=4096)
def _read(octets: bytes) -> PackageJson | None:
    try:
        return read_package(octets, where=PACKAGE)
    except MalformedError:
        return None
