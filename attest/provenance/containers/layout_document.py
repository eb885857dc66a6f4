"""One document of a layout and its links: the exact bytes of each, since only together they are evidence."""

from collections.abc import Sequence
from typing import Annotated, Final, Literal

import msgspec

from attest.codec import canonical, strict
from attest.codec.octets import sha256_hex
from attest.codec.records import Record
from attest.errors import MalformedError
from attest.provenance.containers.shape import LAYOUT_SCHEMA

MAX_LINKS: Final = 1024


class LayoutWithLinks(Record, kw_only=True):
    """A signed layout and the signed links of its steps. Not verified."""

    schema: Literal["https://mcp-attest.github.io/schemas/in-toto-layout/v0.1"]
    layout: bytes
    links: Annotated[tuple[bytes, ...], msgspec.Meta(min_length=1, max_length=MAX_LINKS)]
    """Sorted by their SHA-256, each once."""


class _Claim(msgspec.Struct, frozen=True):
    schema: str


def join_layout(layout: bytes, links: Sequence[bytes]) -> bytes:
    """Put the bytes of a layout and of its links into one document; the same ones always give the same bytes."""
    unique = tuple(sorted(set(links), key=sha256_hex))
    if not unique or len(unique) > MAX_LINKS:
        raise MalformedError("links", f"1 to {MAX_LINKS}", f"{len(unique)}")
    return canonical.encode(LayoutWithLinks(schema=LAYOUT_SCHEMA, layout=layout, links=unique))


def read_layout_document(octets: bytes, *, where: str) -> LayoutWithLinks:
    """Read such a document, a line feed at its end allowed; raise `MalformedError`."""
    document = strict.read(octets.removesuffix(b"\n"), LayoutWithLinks, where=where)
    digests = [sha256_hex(link) for link in document.links]
    if digests != sorted(set(digests)):
        raise MalformedError(
            f"{where}: links", "links sorted by their SHA-256, each once", "another order, or one twice"
        )
    return document


def is_layout_document(octets: bytes) -> bool:
    """Return whether some bytes claim to be such a document. Never raises."""
    try:
        return msgspec.json.decode(octets, type=_Claim).schema == LAYOUT_SCHEMA
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
