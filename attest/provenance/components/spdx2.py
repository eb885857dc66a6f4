"""The parts that an SPDX 2.2 or 2.3 JSON document names: packages with the digest of their archive, files with theirs.

`packages[].checksums` covers the package's file (SPDX 2.3, clause 7.10), `files[].checksums` a file (8.4). SPDX always
gives SHA-1 for files, which identifies nothing here. Not read: `packageVerificationCode`, which is SHA-1 over SHA-1s.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Final, Literal

import msgspec

from attest.codec import strict
from attest.codec.records import Line
from attest.errors import MalformedError
from attest.provenance.components.contents import MAX_COMPONENTS, one_content
from attest.provenance.components.spdx import Element, components_of
from attest.provenance.model import Component
from attest.statement.digests import DigestSet

_ALGORITHMS: Final = {"SHA256": "sha256", "SHA384": "sha384", "SHA512": "sha512"}
"""SPDX names to in-toto's."""

_DOCUMENT: Final = "SPDXRef-DOCUMENT"
_PURL: Final = "purl"
_Id = Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]


class _Checksum(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    algorithm: str
    checksum_value: str


class _Reference(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    reference_type: str
    reference_locator: str


class _Package(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    spdx_id: _Id = msgspec.field(name="SPDXID")
    name: Line
    version_info: str | None = None
    checksums: tuple[_Checksum, ...] | None = None
    external_refs: tuple[_Reference, ...] | None = None
    has_files: tuple[_Id, ...] | None = None


class _File(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    spdx_id: _Id = msgspec.field(name="SPDXID")
    file_name: Line
    checksums: tuple[_Checksum, ...] | None = None


class _Relationship(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    spdx_element_id: _Id
    relationship_type: str
    related_spdx_element: _Id


class _Document(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    spdx_version: Literal["SPDX-2.2", "SPDX-2.3"]
    packages: Annotated[tuple[_Package, ...], msgspec.Meta(max_length=MAX_COMPONENTS)] | None = None
    files: Annotated[tuple[_File, ...], msgspec.Meta(max_length=MAX_COMPONENTS)] | None = None
    relationships: tuple[_Relationship, ...] | None = None
    document_describes: tuple[_Id, ...] | None = None


def read_spdx2(document: Any, *, where: str) -> tuple[Component, ...]:  # noqa: ANN401  (a JSON value)
    """Return every package of a parsed document with the files that it contains, then the files of no package.

    What the document describes is left out if no digest identifies it: it is what the rest are parts of. Raises
    `MalformedError` for another version, a field of the wrong type, a digest that is none, an identifier given twice.
    """
    spdx = strict.convert(document, _Document, where=where)
    described = {*(spdx.document_describes or ()), *_described(spdx.relationships or ())}
    packages = (_package(package, package.spdx_id in described, where) for package in spdx.packages or ())
    files = (_file(file, where) for file in spdx.files or ())
    contained = [
        *((package.spdx_id, file) for package in spdx.packages or () for file in package.has_files or ()),
        *_contained(spdx.relationships or ()),
    ]
    return components_of(packages, files, contained, where=where)


def _described(relationships: Iterable[_Relationship]) -> Iterator[str]:
    for row in relationships:
        if row.relationship_type == "DESCRIBES" and row.spdx_element_id == _DOCUMENT:
            yield row.related_spdx_element
        elif row.relationship_type == "DESCRIBED_BY" and row.related_spdx_element == _DOCUMENT:
            yield row.spdx_element_id


def _contained(relationships: Iterable[_Relationship]) -> Iterator[tuple[str, str]]:
    for row in relationships:
        if row.relationship_type == "CONTAINS":
            yield row.spdx_element_id, row.related_spdx_element
        elif row.relationship_type == "CONTAINED_BY":
            yield row.related_spdx_element, row.spdx_element_id


def _package(package: _Package, described: bool, where: str) -> Element:  # noqa: FBT001  (a fact, not a mode)
    purls = [entry.reference_locator for entry in package.external_refs or () if entry.reference_type == _PURL]
    return Element(
        id=package.spdx_id,
        name=package.name,
        version=package.version_info,
        purl=_purl(purls[0], where) if purls else None,
        digest=_digests(package.checksums, f"{where}: package {ascii(package.name)[:80]}"),
        described=described,
    )


def _purl(locator: str, where: str) -> str:
    if not locator.startswith("pkg:"):
        raise MalformedError(f"{where}: referenceLocator", "a package URL", ascii(locator)[:80])
    return locator


def _file(file: _File, where: str) -> Element:
    digest = _digests(file.checksums, f"{where}: file {ascii(file.file_name)[:80]}")
    return Element(id=file.spdx_id, name=file.file_name, digest=digest)


def _digests(checksums: tuple[_Checksum, ...] | None, where: str) -> DigestSet | None:
    pairs = ((_ALGORITHMS.get(entry.algorithm), entry.checksum_value) for entry in checksums or ())
    return one_content(pairs, where=where)
