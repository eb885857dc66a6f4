"""The parts that an SPDX 3.0 document names: the elements of its JSON-LD graph.

Read as the JSON that the SPDX 3 schema describes, by its one context and its short names: JSON-LD itself is not
processed, and no context is fetched. `verifiedUsing` of a package covers its archive, of a file its content.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec

from attest.codec import strict
from attest.codec.records import Line
from attest.errors import MalformedError
from attest.provenance.components.contents import MAX_COMPONENTS, one_content
from attest.provenance.components.spdx import Element, components_of
from attest.provenance.model import Component
from attest.statement.digests import DigestSet

_ALGORITHMS: Final = {"sha256": "sha256", "sha384": "sha384", "sha512": "sha512"}
"""SPDX 3 names to in-toto's, which happen to be the same."""

_Id = Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]
T = TypeVar("T")
_Graph = Annotated[tuple[dict[str, Any], ...], msgspec.Meta(max_length=4 * MAX_COMPONENTS)]


class _Document(msgspec.Struct, frozen=True, kw_only=True):
    context: Literal[
        "https://spdx.org/rdf/3.0.0/spdx-context.jsonld", "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"
    ] = msgspec.field(name="@context")
    graph: _Graph = msgspec.field(name="@graph")


class _Hash(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    type_: str = msgspec.field(name="type")
    algorithm: str | None = None
    hash_value: str | None = None


class _Identifier(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    external_identifier_type: str
    identifier: str


class _Element(msgspec.Struct, frozen=True, kw_only=True):
    spdx_id: _Id = msgspec.field(name="spdxId")
    name: Line
    version: str | None = msgspec.field(name="software_packageVersion", default=None)
    purl: str | None = msgspec.field(name="software_packageUrl", default=None)
    kind: str | None = msgspec.field(name="software_fileKind", default=None)
    identifiers: tuple[_Identifier, ...] = msgspec.field(name="externalIdentifier", default=())
    verified: tuple[_Hash | str, ...] = msgspec.field(name="verifiedUsing", default=())


class _Relationship(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    from_: _Id = msgspec.field(name="from")
    to: tuple[_Id, ...]
    relationship_type: str


class _Root(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    root_element: tuple[_Id, ...] = ()


def read_spdx3(document: Any, *, where: str) -> tuple[Component, ...]:  # noqa: ANN401  (a JSON value)
    """Return every package of a parsed document with the files that it contains, then the files of no package.

    The root elements are left out if no digest identifies them. Raises `MalformedError` for another context, an element
    of the wrong form, a digest that is none, an identifier given twice.
    """
    graph = strict.convert(document, _Document, where=where).graph
    nodes = {node["@id"]: node for node in graph if isinstance(node.get("@id"), str)}
    described = {each for root in _typed(graph, "SpdxDocument", _Root, where) for each in root.root_element}
    described |= {each for root in _typed(graph, "software_Sbom", _Root, where) for each in root.root_element}
    packages = (_element(row, nodes, described, where) for row in _typed(graph, "software_Package", _Element, where))
    files = (
        _element(row, nodes, set(), where)
        for row in _typed(graph, "software_File", _Element, where)
        if row.kind != "directory"
    )
    contained = (
        (row.from_, content)
        for row in _typed(graph, "Relationship", _Relationship, where)
        if row.relationship_type == "contains"
        for content in row.to
    )
    return components_of(packages, files, contained, where=where)


def _typed(graph: _Graph, name: str, kind: type[T], where: str) -> Iterator[T]:
    for number, node in enumerate(graph):
        if node.get("type") == name:
            yield strict.convert(node, kind, where=f"{where}: @graph[{number}]")


def _element(row: _Element, nodes: dict[str, Any], described: set[str], where: str) -> Element:
    purls = [each.identifier for each in row.identifiers if each.external_identifier_type == "packageUrl"]
    return Element(
        id=row.spdx_id,
        name=row.name,
        version=row.version,
        purl=row.purl or next(iter(purls), None),
        digest=_digests(row, nodes, f"{where}: {ascii(row.name)[:80]}"),
        described=row.spdx_id in described,
    )


def _digests(row: _Element, nodes: dict[str, Any], where: str) -> DigestSet | None:
    hashes = [_resolved(each, nodes, where) for each in row.verified]
    pairs = [(each.algorithm, each.hash_value) for each in hashes if each.type_ == "Hash"]
    for algorithm, value in pairs:
        if algorithm is None or value is None:
            raise MalformedError(where, "a Hash with algorithm and hashValue", "one without")
    return one_content(((_ALGORITHMS.get(str(name)), str(value)) for name, value in pairs), where=where)


def _resolved(given: _Hash | str, nodes: dict[str, Any], where: str) -> _Hash:
    """Return an integrity method that stands in place, or by reference as a node of its own."""
    if isinstance(given, _Hash):
        return given
    if given not in nodes:
        raise MalformedError(f"{where}: verifiedUsing", "a node of this graph", ascii(given)[:80])
    return strict.convert(nodes[given], _Hash, where=where)
