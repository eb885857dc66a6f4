"""The parts that a CycloneDX document names, with the digests that can identify them.

What a hash in it covers is nowhere defined (CycloneDX specification, issue 96): generators write that of an archive, or
of a file. So a hash here is a digest of something of that name, and only bytes that have it answer to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Final, Literal

import msgspec

from attest.codec import strict
from attest.codec.records import Line
from attest.errors import MalformedError
from attest.provenance.model import Component
from attest.statement.digests import DigestSet, from_foreign

MAX_COMPONENTS: Final = 200_000

_ALGORITHMS: Final = {"SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}
"""CycloneDX names to in-toto's; the weaker ones and BLAKE identify nothing here."""


class _Hash(msgspec.Struct, frozen=True, kw_only=True):
    alg: str
    content: str


class _Reference(msgspec.Struct, frozen=True, kw_only=True):
    type_: str = msgspec.field(name="type")
    hashes: tuple[_Hash, ...] | None = None


class _Part(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    name: Line
    version: str | None = None
    purl: str | None = None
    hashes: tuple[_Hash, ...] | None = None
    external_references: tuple[_Reference, ...] | None = None
    components: tuple[_Part, ...] | None = None


class _Metadata(msgspec.Struct, frozen=True, kw_only=True):
    component: _Part | None = None


class _Document(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    bom_format: Literal["CycloneDX"]
    spec_version: Literal["1.4", "1.5", "1.6", "1.7"]
    components: Annotated[tuple[_Part, ...], msgspec.Meta(max_length=MAX_COMPONENTS)] | None = None
    metadata: _Metadata | None = None


def read_components(document: Any, *, where: str) -> tuple[Component, ...]:  # noqa: ANN401  (a JSON value)
    """Return every component of a parsed document, the main one first, nested ones after the one around them.

    Raises `MalformedError` for another format or version, a field of the wrong type, a hash that is none.
    """
    bom = strict.convert(document, _Document, where=where)
    main = (bom.metadata.component,) if bom.metadata is not None and bom.metadata.component is not None else ()
    components = []
    for number, part in enumerate(_walk((*main, *(bom.components or ())))):
        if number >= MAX_COMPONENTS:
            raise MalformedError(where, f"at most {MAX_COMPONENTS} components", "more")
        components.append(_component(part, where))
    return tuple(components)


def _walk(parts: Iterable[_Part]) -> Iterator[_Part]:
    for part in parts:
        yield part
        yield from _walk(part.components or ())


def _component(part: _Part, where: str) -> Component:
    at = f"{where}: component {ascii(part.name)[:80]}"
    distributions = [entry.hashes for entry in part.external_references or () if entry.type_ == "distribution"]
    sets = [_digests(hashes or (), at) for hashes in (part.hashes, *distributions)]
    digests = dict.fromkeys(digest for digest in sets if digest is not None)
    return Component(name=part.name, version=part.version, purl=part.purl, digests=tuple(digests))


def _digests(hashes: tuple[_Hash, ...], where: str) -> DigestSet | None:
    """Return one list of hashes, which cover one content, as a digest set; None without an accepted algorithm."""
    digests: dict[str, str] = {}
    for entry in hashes:
        name = _ALGORITHMS.get(entry.alg)
        if name is not None and digests.setdefault(name, entry.content).lower() != entry.content.lower():
            raise MalformedError(where, f"one {entry.alg} hash", "two different ones")
    return from_foreign(digests, where=where)
