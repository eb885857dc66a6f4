"""From the files of an image to the directories of an unpacked root file system that are measured."""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping

from attest.measure.binding import Archive, Bound
from attest.measure.collectors.unpacked_binding import bind_unpacked
from attest.measure.places import locate
from attest.statement.observation import Observation


def outside_oci(archive: Archive, observation: Observation) -> tuple[str, ...]:
    """Return nothing: of an image only what lies in the measured trees counts, which may be a part of it."""
    del archive, observation
    return ()


def bind_oci(archive: Archive, observation: Observation) -> Bound:
    """Hold files and links of the image against what lies in the roots; the rest of the image is left out."""
    base = root_of(archive, observation)
    if base is None:
        return Bound(archive=archive, found=False)
    places = observation.places
    inside = dataclasses.replace(
        archive,
        members=tuple(member for member in archive.members if locate(places, f"{base}/{member.path}")),
        links=tuple(link for link in archive.links if locate(places, f"{base}/{link.path}")),
    )
    return dataclasses.replace(bind_unpacked(inside, (base,), observation), archive=archive)


def root_of(
    archive: Archive, observation: Observation, tails: Callable[[str], Iterable[str]] = lambda path: (f"/{path}",)
) -> str | None:
    """Return the directory below which most files lie as in the archive, empty for `/`; None if no file does.

    `tails` are the ends that the absolute path of a member may have.
    """
    paths: Mapping[str, list[str]] = defaultdict(list)
    for member in archive.members:
        if member.size:
            paths[member.sha256].extend(tails(member.path))
    votes: Counter[str] = Counter()
    for (root, path), seen in observation.files.items():
        absolute = f"{observation.places[root].rstrip('/')}/{path}"
        votes.update(
            absolute.removesuffix(tail) for tail in paths.get(seen.sha256 or "", ()) if absolute.endswith(tail)
        )
    return min(votes, key=lambda base: (-votes[base], len(base), base), default=None)
