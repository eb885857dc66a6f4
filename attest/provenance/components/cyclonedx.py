"""The parts that a CycloneDX JSON document names, versions 1.4 to 1.7.

What a hash in it covers is nowhere defined (CycloneDX specification, issue 96). Read here is what generators write: a
part of type `file` is a file, its name the path, and its hashes are of the file (syft); any other part's are of
the archive that it came in (npm), as are those of an external reference of type `distribution` (cyclonedx-py, uv).
"""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Annotated, Any, Final, Literal

import msgspec

from attest.codec import strict
from attest.codec.records import Line
from attest.provenance.components.contents import MAX_COMPONENTS, Pair, any_content, limited, one_content
from attest.provenance.model import Component, NamedFile

_ALGORITHMS: Final = {"SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}
"""CycloneDX names to in-toto's; the weaker ones and BLAKE identify nothing here."""

_FILE: Final = "file"
_ARCHIVE: Final = "distribution"
_EXCLUDED: Final = "excluded"
"""The scope of what was needed to build or test and is not part of what is described."""


class _Hash(msgspec.Struct, frozen=True, kw_only=True):
    alg: str
    content: str


class _Reference(msgspec.Struct, frozen=True, kw_only=True):
    type_: str = msgspec.field(name="type")
    hashes: tuple[_Hash, ...] | None = None


class _Part(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    name: Line
    type_: str | None = msgspec.field(name="type", default=None)
    scope: str | None = None
    version: str | None = None
    purl: str | None = None
    hashes: tuple[_Hash, ...] | None = None
    external_references: tuple[_Reference, ...] | None = None
    components: "tuple[_Part, ...] | None" = None


class _Metadata(msgspec.Struct, frozen=True, kw_only=True):
    component: _Part | None = None


class _Document(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    bom_format: Literal["CycloneDX"]
    spec_version: Literal["1.4", "1.5", "1.6", "1.7"]
    components: Annotated[tuple[_Part, ...], msgspec.Meta(max_length=MAX_COMPONENTS)] | None = None
    metadata: _Metadata | None = None


def read_cyclonedx(document: Any, *, where: str) -> tuple[Component, ...]:  # noqa: ANN401  (a JSON value)
    """Return every component of a parsed document, nested ones after the one around them.

    The main component is what the document is about: it stands first if a digest identifies it, and is left out if none
    does. Left out are parts of scope `excluded`, too. Raises `MalformedError` for another format or version, a field of
    the wrong type, a hash that is none.
    """
    bom = strict.convert(document, _Document, where=where)
    about = bom.metadata.component if bom.metadata is not None else None
    main = [component for component in _components((about,), where) if component.identified] if about else []
    inside = _walk((about.components or ()) if about is not None else ())
    return (*main, *_components(limited(chain(inside, _walk(bom.components or ())), where=where), where))


def _walk(parts: Iterable[_Part]) -> Iterator[_Part]:
    for part in parts:
        yield part
        yield from _walk(part.components or ())


def _components(parts: Iterable[_Part], where: str) -> Iterator[Component]:
    return (_component(part, where) for part in parts if part.scope != _EXCLUDED)


def _component(part: _Part, where: str) -> Component:
    at = f"{where}: component {ascii(part.name)[:80]}"
    references = [entry.hashes for entry in part.external_references or () if entry.type_ == _ARCHIVE]
    own = one_content(_pairs(part.hashes), where=at)
    is_file = part.type_ == _FILE
    archives = [] if own is None or is_file else [own]
    archives += [digest for hashes in references for digest in any_content(_pairs(hashes), where=at)]
    return Component(
        name=part.name,
        version=part.version,
        purl=part.purl,
        archives=tuple(dict.fromkeys(archives)),
        files=(NamedFile(path=part.name, digest=own),) if own is not None and is_file else (),
    )


def _pairs(hashes: tuple[_Hash, ...] | None) -> Iterator[Pair]:
    return ((_ALGORITHMS.get(entry.alg), entry.content) for entry in hashes or ())
