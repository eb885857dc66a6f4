"""Which packages became what, from the archives of two references: by version, by archive, by how well it is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from attest.seal.differences import How, PackageChange
from attest.statement.levels import ORIGIN_RANK
from attest.statement.predicates.runtime_reference import Artifact

_RANK: Final = {origin.value: rank for origin, rank in ORIGIN_RANK.items()}


class Package(msgspec.Struct, frozen=True, kw_only=True):
    """An archive of a package, as far as it is compared."""

    name: str
    version: str | None
    sha256: str
    origin: str


Packages = Mapping[str, tuple[Package, ...]]
"""By name; of one package there may be several archives."""


def package_of(artifact: Artifact) -> tuple[str, str | None]:
    """Return name and version of the package that an archive is of: from its purl, else the file name alone."""
    if artifact.purl is None:
        return artifact.name, None
    path = artifact.purl.partition("?")[0].partition("#")[0]
    name, at, version = path.rpartition("@")
    return (name, version) if at and "/" in name and "/" not in version else (path, None)


def packages_of(artifacts: Sequence[Artifact]) -> Packages:
    """Return the packages that archives are of."""
    found: dict[str, list[Package]] = {}
    for artifact in artifacts:
        name, version = package_of(artifact)
        package = Package(name=name, version=version, sha256=digest_of(artifact), origin=artifact.origin)
        found.setdefault(name, []).append(package)
    return {name: tuple(sorted(each, key=lambda item: item.sha256)) for name, each in found.items()}


def digest_of(artifact: Artifact) -> str:
    """Return the digest by which an archive is told from others."""
    return artifact.digest.sha256 or artifact.digest.items()[0][1]


def moved_packages(old: Packages, new: Packages) -> set[str]:
    """Return the names of those that are other archives now: what explains that files changed."""
    return {name for name in old.keys() | new.keys() if _archives(old.get(name)) != _archives(new.get(name))}


def changed_packages(old: Packages, new: Packages, files: Mapping[str, int]) -> Iterator[PackageChange]:
    """Yield each package that is not what it was, by name; `files` are how many of its files changed."""
    for name in sorted(old.keys() | new.keys()):
        before, after = old.get(name, ()), new.get(name, ())
        if before != after:
            yield PackageChange(
                name=name,
                how=_how(before, after),
                files=files.get(name, 0),
                old_version=_joined(item.version for item in before),
                new_version=_joined(item.version for item in after),
                old_origin=_joined(item.origin for item in before),
                new_origin=_joined(item.origin for item in after),
            )


def _archives(packages: tuple[Package, ...] | None) -> frozenset[str]:
    return frozenset(item.sha256 for item in packages or ())


def _how(old: tuple[Package, ...], new: tuple[Package, ...]) -> How:
    if not old or not new:
        return How.REMOVED if old else How.ADDED
    if _archives(old) == _archives(new):
        was, now = _ranks(old), _ranks(new)
        return How.CHANGED if was == now else How.LESS_KNOWN if now < was else How.BETTER_KNOWN
    same = {item.version for item in old} == {item.version for item in new}
    return How.REBUILT if same else How.UPDATED


def _ranks(packages: tuple[Package, ...]) -> tuple[int, ...]:
    return tuple(_RANK.get(item.origin, 0) for item in packages)


def _joined(texts: Iterator[str | None]) -> str | None:
    return ", ".join(sorted({text for text in texts if text is not None})) or None
