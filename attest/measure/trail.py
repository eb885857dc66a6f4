"""The way to a file through links: each link on it can be turned, so each belongs to what is sealed.

A process in a container or in mounts of its own has other links and files at the same paths. `prefix` is what goes
before a path to come to those: its root directory, `/proc/PID/root`. Links are followed inside of it, name by name:
an absolute one would lead the kernel back to our own root.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final

from attest.errors import MalformedError

MAX_LINKS: Final = 40
"""As many as Linux follows (path_resolution(7))."""


@dataclass(frozen=True, kw_only=True)
class Trail:
    """Where a path leads, and over which links; all absolute, and with nothing but directories above them."""

    links: tuple[str, ...]
    end: str


def real_path(path: str, prefix: str = "") -> str:
    """Return an absolute path with every link followed as they lead below `prefix`; as it is, if in a circle."""
    if not prefix:
        return os.path.realpath(path)
    try:
        return follow(path, prefix).end
    except (MalformedError, OSError):
        return path


def follow(path: str, prefix: str = "") -> Trail:
    """Follow an absolute path to its end, which need not be there; raise `MalformedError` after `MAX_LINKS` links."""
    links: list[str] = []
    here, left = "/", _parts(path)
    while left:
        part = left.pop(0)
        if part == "..":
            here = os.path.dirname(here)
            continue
        place = os.path.join(here, part)
        if not os.path.islink(f"{prefix}{place}"):
            here = place
            continue
        links.append(place)
        if len(links) > MAX_LINKS:
            raise MalformedError(path, f"at most {MAX_LINKS} links", "more, or a circle")
        target = os.readlink(f"{prefix}{place}")
        left = [*_parts(target), *left]
        here = "/" if target.startswith("/") else here
    return Trail(links=tuple(dict.fromkeys(links)), end=here)


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in {"", "."}]
