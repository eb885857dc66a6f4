"""Which sealed files no evidence answers for.

A file is claimed if evidence names its content, its archive, or everything that it is derived from: as a subject of
provenance, a resolved dependency, a component of an SBOM or a lock file. What a rule makes without inputs, as every
installer does, is claimed too. An archive at hand that no evidence names claims nothing: anybody can pack one.
"""

from __future__ import annotations

from collections.abc import Iterable

from attest.statement.levels import Origin
from attest.statement.manifest import Entry
from attest.statement.predicates.runtime_reference import MAX_UNCLAIMED_PATHS, Unclaimed


def find_unclaimed(entries: Iterable[Entry]) -> Unclaimed:
    """Return how many there are, and the first by name, in the order in which the entries come."""
    # A derived file has the rank of its worst input, so that one look covers the whole way down.
    found = [f"{entry.root}/{entry.path}" for entry in entries if (entry.rank or entry.origin) is Origin.SITE]
    return Unclaimed(files=len(found), paths=tuple(found[:MAX_UNCLAIMED_PATHS]))
