"""Whose file each entry is: the archive it is a member of, or the one of what it was derived from.

It explains and proves nothing: an origin comes from digests alone. People read it in `attest diff`, by package.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from attest.seal.binding import BoundArchive
from attest.statement.manifest import Entry
from attest.statement.observation import Key


def attribute(entries: Sequence[Entry], archives: Sequence[BoundArchive]) -> tuple[tuple[Entry, ...], tuple[str, ...]]:
    """Return the entries with their `artifact`, and the SHA-256 of the archives that these count, in their order."""
    bound = [item for item in archives if item.bound.found]
    digests = tuple(sorted({str(item.digest.sha256) for item in bound}))
    owners: dict[Key, int] = {}
    for item in bound:
        number = digests.index(str(item.digest.sha256))
        for key in (*item.bound.files, *item.bound.links, *item.bound.promised):
            owners.setdefault(key, number)
    inputs = {(entry.root, entry.path): entry.inputs for entry in entries if entry.inputs}
    return tuple(_with_artifact(entry, _owner((entry.root, entry.path), owners, inputs)) for entry in entries), digests


def _owner(key: Key, owners: Mapping[Key, int], inputs: Mapping[Key, tuple[str, ...]]) -> int | None:
    """Follow the inputs of a derived file, the first that leads somewhere; a circle leads nowhere."""
    waiting, seen = [key], {key}
    while waiting:
        here = waiting.pop()
        if here in owners:
            return owners[here]
        further = [(root, path) for root, _, path in (text.partition("/") for text in inputs.get(here, ()))]
        waiting += [each for each in reversed(further) if each not in seen]
        seen.update(further)
    return None


def _with_artifact(entry: Entry, artifact: int | None) -> Entry:
    return entry if artifact is None else msgspec.structs.replace(entry, artifact=artifact)
