"""`pylock.toml`, the lock file that the packaging specifications define (PEP 751, version 1.0)."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

import msgspec

from attest.codec import strict
from attest.codec.records import Line
from attest.errors import MalformedError
from attest.provenance.components.contents import MAX_COMPONENTS, one_content
from attest.provenance.components.pypi import hash_pair, pypi_purl
from attest.provenance.components.toml_document import read_toml
from attest.provenance.model import Component

_VERSION: Final = re.compile(r"1\.[0-9]{1,4}")
"""Readers go on with a later minor version (PEP 751, `lock-version`)."""


class _Archive(msgspec.Struct, frozen=True, kw_only=True):
    hashes: dict[str, str]


class _Package(msgspec.Struct, frozen=True, kw_only=True):
    name: Line
    version: Line | None = None
    directory: dict[str, Any] | None = None
    archive: _Archive | None = None
    sdist: _Archive | None = None
    wheels: tuple[_Archive, ...] = ()


class _Lock(msgspec.Struct, frozen=True, kw_only=True, rename="kebab"):
    lock_version: str
    packages: Annotated[tuple[_Package, ...], msgspec.Meta(max_length=MAX_COMPONENTS)]


def read_pylock(octets: bytes, where: str) -> tuple[Component, ...]:
    """Return every package, those from a directory or a repository without digests.

    Raises `MalformedError` for another version, and for an archive without hashes, which the standard demands.
    """
    lock = strict.convert(read_toml(octets, where=where), _Lock, where=where)
    if not _VERSION.fullmatch(lock.lock_version):
        raise MalformedError(f"{where}: lock-version", "1.0", ascii(lock.lock_version)[:40])
    return tuple(_component(package, where) for package in lock.packages)


def _component(package: _Package, where: str) -> Component:
    at = f"{where}: package {ascii(package.name)[:80]}"
    given = [each.hashes for each in (package.archive, package.sdist, *package.wheels) if each is not None]
    sets = [one_content((hash_pair(name, value) for name, value in hashes.items()), where=at) for hashes in given]
    return Component(
        name=package.name,
        version=package.version,
        purl=pypi_purl(package.name, package.version),
        archives=tuple(dict.fromkeys(digest for digest in sets if digest is not None)),
    )
