"""What else a server says of itself to a model, as it was sealed: instructions, and its lists beside that of tools."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

import msgspec

from attest.codec.records import Line, Record, Sha256Hex
from attest.errors import MalformedError
from attest.statement.tools.definitions import MAX_DEFINITIONS
from attest.statement.tools.foreign import text_of_parsed
from attest.statement.tools.ordering import check_sorted

LISTS: Final = {
    "prompts/list": ("prompts", "name"),
    "resources/list": ("resources", "uri"),
    "resources/templates/list": ("resourceTemplates", "uriTemplate"),
}
"""The lists that may be pinned: the member of the result that holds one, and what tells its elements apart."""
TELLING: Final = frozenset({"initialize", "server/discover"})
"""The requests whose results hold `instructions`."""


class Item(Record, kw_only=True):
    """An element of a list: what tells it apart, and the digest of all of it."""

    name: Line
    """The name of a prompt, the URI of a resource, the URI template of a template."""
    sha256: Sha256Hex
    """Of its RFC 8785 form."""


Items = Annotated[tuple[Item, ...], msgspec.Meta(max_length=MAX_DEFINITIONS)]


class Described(Record, kw_only=True):
    """What is pinned; what is absent is not. Lists are sorted by name."""

    instructions: Sha256Hex | None = None
    """SHA-256 of the text, which is empty where the server gives none."""
    prompts: Items | None = None
    resources: Items | None = None
    templates: Items | None = None

    def __post_init__(self) -> None:
        """Refuse a second order, and pins of nothing."""
        lists = {"prompts": self.prompts, "resources": self.resources, "templates": self.templates}
        for where, items in lists.items():
            check_sorted(f"described: {where}", [each.name for each in items or ()])
        if self.instructions is None and all(each is None for each in lists.values()):
            raise MalformedError("described", "something that is pinned", "nothing")

    def of(self, method: str) -> Sequence[Item] | None:
        """Return what is pinned of the list that a method returns; None: nothing."""
        return {"prompts/list": self.prompts, "resources/list": self.resources}.get(
            method, self.templates if method == "resources/templates/list" else None
        )


def item_of(method: str, element: Any) -> tuple[str, str] | None:  # noqa: ANN401  (a JSON value)
    """Return what tells an element of a list apart, and its digest; None for what is none."""
    key = LISTS[method][1]
    if not isinstance(element, Mapping) or not isinstance(element.get(key), str):
        return None
    try:
        text = text_of_parsed(element, where=method)
    except MalformedError:
        return None
    return element[key], hashlib.sha256(text.encode()).hexdigest()


def digest_of_instructions(result: Mapping[str, Any]) -> str | None:
    """Return the digest of the instructions in a result; None if they are no text."""
    found = result.get("instructions", "")
    return hashlib.sha256(found.encode()).hexdigest() if isinstance(found, str) else None
