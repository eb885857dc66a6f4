"""From the members of a Debian package to the files below the root directory that it was installed under."""

from __future__ import annotations

import os
from typing import Final

from attest.measure.binding import Archive, Bound
from attest.measure.collectors.oci_binding import root_of
from attest.measure.collectors.unpacked_binding import Unpacking, bind_unpacked, places_of
from attest.measure.places import locate
from attest.statement.observation import Observation

_MERGED: Final = ("bin", "lib", "lib32", "lib64", "libx32", "sbin")
"""Directories that are links into `usr` on today's systems; packages may name files through either."""
_OFTEN_LEFT_OUT: Final = (
    "usr/share/doc/",
    "usr/share/info/",
    "usr/share/lintian/",
    "usr/share/locale/",
    "usr/share/man/",
)
"""What dpkg leaves out by `path-exclude` in container images; it holds no code."""


def outside_deb(archive: Archive, observation: Observation) -> tuple[str, ...]:
    """Return where the files of an installed package lie outside all roots, as far as they are there."""
    base = root_of(archive, observation, _tails)
    if base is None:
        return ()
    paths = places_of(archive, base, _unpacking(archive))
    return tuple(
        sorted(path for path in set(paths) if locate(observation.places, path) is None and _has_to_be(path, base))
    )


def bind_deb(archive: Archive, observation: Observation) -> Bound:
    """Hold each member against its file below the root directory, which is found by the content of files."""
    base = root_of(archive, observation, _tails)
    return bind_unpacked(archive, () if base is None else (base,), observation, _unpacking(archive))


def _unpacking(archive: Archive) -> Unpacking:
    return Unpacking(
        moved=_merged,
        may_differ=archive.changeable.__contains__,
        may_lack=lambda path: path in archive.changeable or path.startswith(_OFTEN_LEFT_OUT),
    )


def _merged(directory: str, path: str) -> str:
    first, slash, _ = path.partition("/")
    if slash and first in _MERGED and os.path.islink(f"{directory}/{first}"):
        target = os.readlink(f"{directory}/{first}").strip("/")
        return f"usr/{path}" if target == f"usr/{first}" else path
    return path


def _tails(path: str) -> tuple[str, ...]:
    merged = path.partition("/")[0] in _MERGED
    return (f"/{path}", f"/usr/{path}") if merged else (f"/{path}",)


def _has_to_be(path: str, base: str) -> bool:
    relative = path.removeprefix(f"{base}/")
    return os.path.lexists(path) or not relative.startswith(_OFTEN_LEFT_OUT)
