"""uv's lock file, `uv.lock`: each package with the digests of its archives, for all platforms."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec

from attest.codec import strict
from attest.codec.records import Line
from attest.errors import MalformedError
from attest.provenance.components.contents import MAX_COMPONENTS, any_content
from attest.provenance.components.pypi import pypi_purl, split_hash
from attest.provenance.components.toml_document import read_toml
from attest.provenance.model import Component

_VERSION: Final = 1
_LOCAL: Final = ("editable", "virtual")
"""Sources of the project itself and of its workspace, which is not a part of itself."""


class _Archive(msgspec.Struct, frozen=True, kw_only=True):
    hash: str | None = None


class _Package(msgspec.Struct, frozen=True, kw_only=True):
    name: Line
    version: Line | None = None
    source: dict[str, Any] = {}
    sdist: _Archive | None = None
    wheels: tuple[_Archive, ...] = ()


class _Lock(msgspec.Struct, frozen=True, kw_only=True):
    version: int
    package: Annotated[tuple[_Package, ...], msgspec.Meta(max_length=MAX_COMPONENTS)] = ()


def read_uv_lock(octets: bytes, where: str) -> tuple[Component, ...]:
    """Return every package but the project and its workspace; raise `MalformedError` for another version."""
    lock = strict.convert(read_toml(octets, where=where), _Lock, where=where)
    if lock.version != _VERSION:
        raise MalformedError(f"{where}: version", f"{_VERSION}", f"{lock.version}")
    return tuple(_component(package, where) for package in lock.package if not package.source.keys() & set(_LOCAL))


def _component(package: _Package, where: str) -> Component:
    at = f"{where}: package {ascii(package.name)[:80]}"
    given = (package.sdist, *package.wheels)
    hashes = [split_hash(each.hash, where=at) for each in given if each is not None and each.hash is not None]
    return Component(
        name=package.name,
        version=package.version,
        purl=pypi_purl(package.name, package.version),
        archives=any_content(hashes, where=at),
    )
