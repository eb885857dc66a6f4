"""What SPDX 2 and SPDX 3 have in common: packages and files that contain one another."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from attest.errors import MalformedError
from attest.provenance.components.contents import MAX_COMPONENTS, limited
from attest.provenance.model import Component, NamedFile
from attest.statement.digests import DigestSet


class Element(msgspec.Struct, frozen=True, kw_only=True):
    """A package or a file; a file's name is its path. `described`: it is what the whole document is about."""

    id: str
    name: str
    version: str | None = None
    purl: str | None = None
    digest: DigestSet | None = None
    described: bool = False


def components_of(
    packages: Iterable[Element], files: Iterable[Element], contained: Iterable[tuple[str, str]], *, where: str
) -> tuple[Component, ...]:
    """Return a component a package with the files that it contains, then one for each file that no package contains.

    `contained` are (container, content) by id; a file of several packages belongs to the first of them, one without a
    usable digest to none. What is described is left out if nothing identifies it.
    """
    owners, loose = _by_id(packages, where), _by_id(files, where)
    if len(owners) + len(loose) > MAX_COMPONENTS:
        raise MalformedError(where, f"at most {MAX_COMPONENTS} components", f"{len(owners) + len(loose)}")
    if both := owners.keys() & loose.keys():
        raise MalformedError(where, "each identifier once", ascii(min(both))[:80])
    inside: dict[str, list[NamedFile]] = {}
    for owner, content in contained:
        file = loose.get(content)
        if owner in owners and file is not None and file.digest is not None:
            inside.setdefault(owner, []).append(NamedFile(path=file.name, digest=file.digest))
            del loose[content]
    found = [(_package(package, inside.get(package.id, [])), package.described) for package in owners.values()]
    whole = [component for component, described in found if component.identified or not described]
    return (*whole, *map(_file, loose.values()))


def _by_id(elements: Iterable[Element], where: str) -> dict[str, Element]:
    found: dict[str, Element] = {}
    for element in limited(elements, where=where):
        if found.setdefault(element.id, element) is not element:
            raise MalformedError(where, "each identifier once", ascii(element.id)[:80])
    return found


def _package(element: Element, files: list[NamedFile]) -> Component:
    archives = () if element.digest is None else (element.digest,)
    return Component(
        name=element.name, version=element.version, purl=element.purl, archives=archives, files=tuple(files)
    )


def _file(element: Element) -> Component:
    files = () if element.digest is None else (NamedFile(path=element.name, digest=element.digest),)
    return Component(name=element.name, files=files)
