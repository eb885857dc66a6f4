"""Where things lie: absolute paths in named roots, and the directories that Python packages are installed into."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from attest.statement.observation import Key, Observation

PREFIX_ROOT: Final = "prefix"
"""The root that holds what an installer puts outside a measured site-packages directory."""

_SITE: Final = re.compile(r"(?P<prefix>/.*?)/lib(?:64)?/(?P<python>(?:python|pypy)[0-9.]+t?)/(?:site|dist)-packages")


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """One directory that Python packages were installed into, and the prefix it belongs to."""

    directory: str
    """Absolute, as the root was given."""
    prefix: str
    """Absolute; the same directory where the layout is none that is known (`--target`)."""
    python: str | None
    """`python3.11`, as in `PREFIX/lib/python3.11/site-packages`."""


def site_at(directory: str) -> Site:
    """Return what the name of a site-packages directory tells about the installation."""
    match = _SITE.fullmatch(directory)
    if match is None:
        return Site(directory=directory, prefix=directory, python=None)
    return Site(directory=directory, prefix=match["prefix"], python=match["python"])


def sites_of(label: str, observation: Observation) -> Iterator[Site]:
    """Yield each directory of the observed roots that holds `label/METADATA`."""
    tail = f"{label}/METADATA"
    for root, path in observation.files:
        if path.endswith(tail) and path[: -len(tail)][-1:] in {"", "/"}:
            place = observation.places[root].rstrip("/")
            yield site_at(f"{place}/{path[: -len(tail)]}".rstrip("/"))


def locate(places: Mapping[str, str], absolute: str) -> Key | None:
    """Return root and path of an absolute, normalised path: in the innermost root that holds it."""
    best: Key | None = None
    longest = -1
    for root, place in places.items():
        start = place.rstrip("/") + "/"
        if absolute.startswith(start) and len(start) > longest:
            best, longest = (root, absolute[len(start) :]), len(start)
    return best


def absolute_of(places: Mapping[str, str], key: Key) -> str:
    """Return the absolute path of a key, as its root was given."""
    return os.path.join(places[key[0]], key[1])
