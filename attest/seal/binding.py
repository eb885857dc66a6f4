"""First half of the survey: look at the trees, read the archives, and find the members where they were installed."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from attest.codec.paths import sort_key
from attest.errors import MalformedError, RefusedError, UnavailableError
from attest.measure.binding import Archive, Bound
from attest.measure.collectors import COLLECTORS
from attest.measure.collectors.collector import Collector
from attest.measure.places import PREFIX_ROOT, sites_of
from attest.measure.tree import look_at_roots
from attest.provenance.origins import Named, Origins
from attest.seal.messages import SurveyRequest, SurveyRoot
from attest.statement.digests import DigestSet
from attest.statement.levels import ORIGIN_RANK, Origin
from attest.statement.manifest import Root, Scope
from attest.statement.observation import Observation

_SHOWN: Final = 5
"""How many differing files an error names."""


@dataclass(frozen=True, kw_only=True)
class BoundArchive:
    """An archive, how it is known, and which installed files are its members."""

    digest: DigestSet
    """The one of its digests that evidence speaks of best."""
    origin: Origin
    bound: Bound


@dataclass(frozen=True, kw_only=True)
class Bindings:
    """Everything that was seen, and what of it is explained by archives."""

    roots: tuple[SurveyRoot, ...]
    observation: Observation
    archives: tuple[BoundArchive, ...]


def bind_archives(request: SurveyRequest) -> Bindings:
    """Look at the roots and bind the archives to what is there.

    What an installer put outside the trees becomes a root of its own, `prefix`, of which only those files count. Raises
    `RefusedError` for an installed file that differs from its archive or is missing, with its path.
    """
    archives = _each_once(_read(path) for path in request.archives)
    _check_names(archives)
    roots = request.roots
    observation = _look(roots)
    outside = sorted({path for collector, archive in archives for path in collector.outside(archive, observation)})
    if outside:
        roots = (*roots, _prefix(outside, [archive for _, archive in archives], observation))
        observation = _look(roots)
    origins = Origins(Named(item.digest, item.origin, item.evidence) for item in request.named)
    bound = tuple(_known(found, origins) for found in _bind(archives, observation))
    listed = {item.root.name: frozenset(item.listed) for item in roots if item.root.scope is Scope.LISTED}
    for item in bound:
        _refuse_differences(item, listed)
    return Bindings(
        roots=tuple(sorted(roots, key=lambda item: item.root.name)), observation=observation, archives=bound
    )


def _read(path: str) -> tuple[Collector, Archive]:
    for collector in COLLECTORS.values():
        if collector.recognises(Path(path)):
            return collector, collector.read(Path(path))
    if not os.path.lexists(path):
        raise UnavailableError(path, "a file or a directory", "none")
    raise MalformedError(path, f"an archive of a known kind: {', '.join(COLLECTORS)}", "another file")


def _each_once(archives: Iterable[tuple[Collector, Archive]]) -> list[tuple[Collector, Archive]]:
    """Of several trees' archives, what they have in common lies in several folders."""
    found: dict[object, tuple[Collector, Archive]] = {}
    for collector, archive in archives:
        found.setdefault((archive.kind, archive.filename, archive.digest), (collector, archive))
    return list(found.values())


def _known(bound: Bound, origins: Origins) -> BoundArchive:
    """Find out what build evidence says of an archive; without any, what is in it is only `site`."""
    digests = (bound.archive.digest, *bound.archive.aliases)
    said = [(digest, found[0]) for digest in digests if (found := origins.of(digest)) is not None]
    digest, origin = max(said, key=lambda pair: ORIGIN_RANK[pair[1]], default=(digests[0], Origin.SITE))
    return BoundArchive(digest=digest, origin=origin, bound=bound)


def _bind(archives: Sequence[tuple[Collector, Archive]], observation: Observation) -> list[Bound]:
    """Bind the archives, all of a kind at once; one answer each, in their order."""
    found: dict[int, Bound] = {}
    for name, collector in COLLECTORS.items():
        places = [place for place, (each, _) in enumerate(archives) if each.name == name]
        bounds = collector.bind_all([archives[place][1] for place in places], observation) if places else ()
        found.update(zip(places, bounds, strict=True))
    return [found[place] for place in range(len(archives))]


def _check_names(archives: Sequence[tuple[Collector, Archive]]) -> None:
    names = Counter((archive.kind, collector.identity(archive)) for collector, archive in archives)
    for (_, name), count in names.items():
        if count > 1:
            raise RefusedError("--artifact", f"one archive of {name}", f"{count}")


def _look(roots: Sequence[SurveyRoot]) -> Observation:
    return look_at_roots(
        {item.root.name: item.place for item in roots},
        [item.root for item in roots],
        {item.root.name: item.listed for item in roots},
        clock_ms=lambda: time.time_ns() // 1_000_000,
    )


def _prefix(outside: Sequence[str], archives: Sequence[Archive], observation: Observation) -> SurveyRoot:
    prefixes = {site.prefix for archive in archives for site in sites_of(archive.label, observation)}
    inside = [prefix for prefix in prefixes if all(path.startswith(f"{prefix}/") for path in outside)]
    common = str(Path(*_common_parts([Path(path).parent.parts for path in outside])))
    place = inside[0] if len(inside) == 1 else common
    listed = sorted((str(Path(path).relative_to(place)) for path in outside), key=sort_key)
    return SurveyRoot(root=Root(name=PREFIX_ROOT, scope=Scope.LISTED, mutable=()), place=place, listed=tuple(listed))


def _common_parts(paths: Sequence[tuple[str, ...]]) -> list[str]:
    common: list[str] = []
    for parts in zip(*paths, strict=False):
        if len(set(parts)) > 1:
            break
        common.append(parts[0])
    return common


def _refuse_differences(item: BoundArchive, listed: Mapping[str, frozenset[str]]) -> None:
    """Refuse what differs or is missing; what lies where nobody looked (a manual beside a runtime) is neither."""
    archive, bound = item.bound.archive, item.bound
    if bound.mismatches:
        first = bound.mismatches[0]
        more = f" (and {len(bound.mismatches) - 1} more)" if len(bound.mismatches) > 1 else ""
        raise RefusedError(
            f"{first.key[0]}/{first.key[1]}",
            f"what {archive.filename} holds, {first.expected}",
            f"{first.found}{more}",
            hint="install it again, or find out who changed it",
        )
    missing = [key for key in bound.missing if key[0] not in listed or key[1] in listed[key[0]]]
    if bound.found and missing:
        named = ", ".join(f"{root}/{path}" for root, path in missing[:_SHOWN])
        raise RefusedError(archive.filename, "each of its files installed", f"{len(missing)} missing: {named}")


def refuse_troubles(observation: Observation) -> None:
    """Refuse to seal what could not be read, is no plain file, or has a mode that no sealed file has."""
    for (root, path), seen in sorted(observation.files.items()):
        if seen.trouble is not None:
            raise UnavailableError(f"{root}/{path}", "a readable file", f"{seen.trouble.kind}: {seen.trouble.detail}")
        if seen.type_ is None:
            raise RefusedError(f"{root}/{path}", "a file or a link", "another kind of file")
        if seen.special:
            raise RefusedError(f"{root}/{path}", "a file without setuid and setgid bits", "one with them")
