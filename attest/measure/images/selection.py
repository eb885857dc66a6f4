"""Which of the images in a layout is meant: one for one platform."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from attest.errors import MalformedError, RefusedError
from attest.measure.images.documents import INDEXES, MANIFESTS, Descriptor, read_index
from attest.measure.images.layout import Layout

MAX_DEPTH: Final = 4
"""Indexes in indexes."""
_UNKNOWN: Final = "unknown/unknown"
_ARCHITECTURES: Final = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm/v7", "i686": "386"}
_SHOWN: Final = 6
_SELECTED: Final = re.compile(r"(?P<path>.+)@(?P<which>[A-Za-z0-9][A-Za-z0-9._:/-]*)")


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """An image, and the indexes that it was found in, outermost first (`index.json` itself left out)."""

    manifest: Descriptor
    above: tuple[Descriptor, ...] = ()

    def fits(self, which: str) -> bool:
        """Return whether a digest, a platform or a name is this image's or that of an index it is in."""
        chain = (*self.above, self.manifest)
        named = any(which in {each.digest, each.reference} for each in chain)
        return named or _same_platform(which, self.manifest.platform)


def split(path: Path) -> tuple[Path, str | None]:
    """Split `PATH@WHICH`; a path that exists as it is has no selection."""
    match = _SELECTED.fullmatch(str(path))
    if match is None or path.exists() or not Path(match["path"]).exists():
        return path, None
    return Path(match["path"]), match["which"]


def select(layout: Layout, which: str | None, *, where: str) -> Candidate:
    """Return the image that `which` names, else the only one, else the one for this machine.

    Raises `RefusedError` where that is none or several, naming those there are.
    """
    found = list(_candidates(layout, read_index(layout.index(), where=where), (), where))
    images = [each for each in found if not each.manifest.attests and each.manifest.platform != _UNKNOWN]
    chosen = [each for each in images if which is None or each.fits(which)]
    if which is None and len(chosen) > 1:
        chosen = [each for each in chosen if _same_platform(here(), each.manifest.platform)]
    distinct = {each.manifest.digest: each for each in chosen}
    if len(distinct) != 1:
        there = ", ".join(f"{each.manifest.platform or '?'} {each.manifest.digest[:19]}" for each in images[:_SHOWN])
        raise RefusedError(
            where,
            f"one image for {which or here()}",
            f"{len(distinct)} among: {there or 'none'}",
            hint="name it: --artifact PATH@sha256:DIGEST, PATH@OS/ARCHITECTURE or PATH@NAME",
        )
    return next(iter(distinct.values()))


def here() -> str:
    """Return the platform of this machine, as images spell it."""
    machine = platform.machine()
    return f"{sys.platform}/{_ARCHITECTURES.get(machine, machine)}"


def _candidates(
    layout: Layout, entries: Sequence[Descriptor], above: tuple[Descriptor, ...], where: str
) -> Iterator[Candidate]:
    if len(above) > MAX_DEPTH:
        raise MalformedError(where, f"indexes in at most {MAX_DEPTH} others", "more")
    for entry in entries:
        if entry.media_type in INDEXES:
            inner = read_index(layout.document(entry), where=entry.digest)
            yield from _candidates(layout, inner, (*above, entry), where)
        elif entry.media_type in MANIFESTS:
            yield Candidate(manifest=entry, above=above)
        else:
            raise MalformedError(where, "image manifests and indexes", ascii(entry.media_type)[:80])


def _same_platform(asked: str, given: str | None) -> bool:
    """Whether they agree; who asks for no variant takes any."""
    return given is not None and (given == asked or given.startswith(f"{asked}/"))
