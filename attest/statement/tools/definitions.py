"""The definitions of a server's tools as they were sealed, and the one digest of the whole set.

A name pins nothing: a renamed tool, a second one that shadows it, a changed description, schema or annotation are all
another set.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final

import msgspec

from attest.codec import canonical
from attest.codec.records import Record, Sha256Hex
from attest.errors import MalformedError
from attest.statement.tools.foreign import JsonText, check_object, text_of_parsed

MAX_DEFINITIONS: Final = 1024
"""The most tools that one server may have; real ones stay below 150."""

ToolName = Annotated[str, msgspec.Meta(min_length=1, max_length=256, pattern=r"^[^\x00-\x1f\x7f]+$(?!\n)")]
"""The name of a tool, compared code point by code point: no case folding, no normalisation."""


class ToolDefinition(Record, kw_only=True):
    """A tool as the server described it when the rules were sealed: everything of it, also what we do not know."""

    name: ToolName
    sha256: Sha256Hex
    """Of `text`."""
    text: JsonText
    """The element of `tools` in the result of `tools/list`."""

    def __post_init__(self) -> None:
        """Refuse a second spelling of the text, a digest of another one, and a name that the text does not have."""
        where = f"definition of {self.name!a}"
        found = check_object(self.text, where=where).get("name")
        if found != self.name:
            raise MalformedError(f"{where}: name", ascii(self.name), ascii(found)[:300])
        digest = hashlib.sha256(self.text.encode()).hexdigest()
        if digest != self.sha256:
            raise MalformedError(f"{where}: sha256", self.sha256, digest)


def definition_of(element: Mapping[str, Any]) -> ToolDefinition:
    """Return the definition in an element of `tools`, as a strict parser returned it.

    Raises `MalformedError` if it has no name or no RFC 8785 form.

    A name that no tool may have is refused when the record is read, which is always before it is signed.
    """
    name = element.get("name")
    if not isinstance(name, str):
        raise MalformedError("tools/list", "tools with a name", ascii(name)[:80])
    text = text_of_parsed(element, where=f"definition of {name[:80]!a}")
    return ToolDefinition(name=name, sha256=hashlib.sha256(text.encode()).hexdigest(), text=text)


_NO_DIGEST: Final = "0" * 64
"""Nothing that was sealed has it."""


def named_definition(element: Any) -> tuple[str, str]:  # noqa: ANN401  (a JSON value)
    """Return the name of a tool, and the digest of its definition; of what is none, a digest unlike any."""
    if not isinstance(element, Mapping):
        return "", _NO_DIGEST
    try:
        definition = definition_of(element)
    except MalformedError:
        name = element.get("name")
        return name if isinstance(name, str) else "", _NO_DIGEST
    return definition.name, definition.sha256


class NamedDefinition(Record, kw_only=True):
    """A tool's name and the digest of its definition: what the digest of a set is made of."""

    name: ToolName
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
