"""npm's lock file, versions 2 and 3: `package-lock.json`, `npm-shrinkwrap.json`, `node_modules/.package-lock.json`.

`integrity` covers the tarball of a package, never its files. What lies outside `node_modules` (the project itself, its
workspaces and the links to them) is source and no part; what is bundled came in the tarball of another package.
"""

from __future__ import annotations

import re
from typing import Annotated, Final
from urllib.parse import quote

import msgspec

from attest.codec import strict
from attest.codec.records import Line
from attest.errors import MalformedError
from attest.provenance.components.contents import MAX_COMPONENTS
from attest.provenance.components.integrity import read_integrity
from attest.provenance.model import Component

_FOLDER: Final = "node_modules/"
_NAME: Final = re.compile(r"(?:@[^/]+/)?[^/]+")


class _Package(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    name: str | None = None
    version: str | None = None
    integrity: str | None = None
    link: bool = False
    in_bundle: bool = False


class _Lock(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    lockfile_version: int
    packages: Annotated[dict[str, _Package], msgspec.Meta(max_length=MAX_COMPONENTS)]


class _Version(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    lockfile_version: int


def read_npm_lock(octets: bytes, where: str) -> tuple[Component, ...]:
    """Return every package below a `node_modules`; raise `MalformedError` for version 1, which lists no places."""
    document = strict.parse(octets, where=where)
    version = strict.convert(document, _Version, where=where).lockfile_version
    if version not in {2, 3}:
        hint = "write it anew with npm 7 or later: npm install --package-lock-only"
        raise MalformedError(f"{where}: lockfileVersion", "2 or 3", f"{version}", hint=hint)
    lock = strict.convert(document, _Lock, where=where)
    return tuple(
        _component(path, package, where)
        for path, package in lock.packages.items()
        if _FOLDER in path and not package.link and not package.in_bundle
    )


def npm_purl(name: str, version: str | None) -> str:
    """Return the package URL of an npm package (purl specification, type npm: the scope's @ is encoded)."""
    return f"pkg:npm/{quote(name, safe='/')}" + (f"@{quote(version, safe='')}" if version is not None else "")


def _component(path: str, package: _Package, where: str) -> Component:
    at = f"{where}: {ascii(path)[:120]}"
    name = package.name if package.name is not None else path.rpartition(_FOLDER)[2]
    if not _NAME.fullmatch(name):
        raise MalformedError(at, "the name of a package", ascii(name)[:80])
    archives = () if package.integrity is None else read_integrity(package.integrity, where=at)
    return Component(
        name=strict.convert(name, Line, where=at),
        version=package.version,
        purl=npm_purl(name, package.version),
        archives=archives,
    )
