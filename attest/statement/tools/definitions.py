"""The definitions of a server's tools as they were sealed, and the one digest of the whole set.

A name pins nothing: a renamed tool, a second one that shadows it, a changed description, schema or annotation are all
another set.
"""

import hashlib
from collections.abc import Iterable
from typing import Annotated, Final

import msgspec

from attest.codec import canonical
from attest.codec.records import Line, Record, Sha256Hex
from attest.errors import MalformedError

MAX_DEFINITIONS: Final = 1024
"""The most tools that one server may have; real ones stay below 150."""

ToolName = Annotated[str, msgspec.Meta(min_length=1, max_length=256, pattern=r"^[^\x00-\x1f\x7f]+$(?!\n)")]
"""The name of a tool, compared code point by code point: no case folding, no normalisation."""

JsonText = Annotated[str, msgspec.Meta(min_length=2, max_length=262_144)]
"""A JSON object of somebody else's in its RFC 8785 form, as text: signed as it stands, and digested as it stands."""


class ToolDefinition(Record, kw_only=True):
    """A tool as the server described it when the rules were sealed: everything of it, also what we do not know."""

    name: ToolName
    sha256: Sha256Hex
    """Of `text`."""
    text: JsonText
    """The element of `tools` in the result of `tools/list`."""

    def __post_init__(self) -> None:
        """Refuse a digest of another text."""
        found = hashlib.sha256(self.text.encode()).hexdigest()
        if found != self.sha256:
            raise MalformedError(f"definition of {self.name!a}", self.sha256, found)


class NamedDefinition(Record, kw_only=True):
    """A tool's name and the digest of its definition: what the digest of a set is made of."""

    name: Line
    sha256: Sha256Hex


class DefinitionSet(Record, kw_only=True):
    """All tools of a server, sorted by name and digest; the digest of its RFC 8785 form pins them all."""

    tools: tuple[NamedDefinition, ...]


def digest_of_set(definitions: Iterable[tuple[str, str]]) -> str:
    """Return the SHA-256 (hex) of the RFC 8785 form of the `DefinitionSet` of (name, digest) pairs, in any order.

    Two tools of one name stay two: a server that lists one twice has another set.
    """
    tools = tuple(NamedDefinition(name=name, sha256=digest) for name, digest in sorted(definitions))
    return hashlib.sha256(canonical.encode(DefinitionSet(tools=tools))).hexdigest()
