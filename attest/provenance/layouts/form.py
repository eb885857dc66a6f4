"""What stands in a layout and in a link, typed and bounded before the `in_toto` library is handed any of it."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec

from attest.codec import strict
from attest.codec.records import Line
from attest.errors import MalformedError, UntrustedError
from attest.provenance.layouts.metadata import FORM, LINK, SignedMetadata

MAX_STEPS: Final = 256
MAX_ARTIFACTS: Final = 100_000
"""Of one link: materials, or products."""

T = TypeVar("T")

Rules = list[list[str]]
Artifacts = Annotated[dict[Line, dict[str, str]], msgspec.Meta(max_length=MAX_ARTIFACTS)]


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step: who may do it, how many of them have to, and what has to be true of its artifacts."""

    type_: Literal["step"] = msgspec.field(name="_type")
    name: Line
    pubkeys: Annotated[tuple[Line, ...], msgspec.Meta(min_length=1, max_length=MAX_STEPS)]
    threshold: Annotated[int, msgspec.Meta(ge=1, le=MAX_STEPS)]
    expected_command: list[str]
    expected_materials: Rules
    expected_products: Rules


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """A layout whose every step is known, and which asks for nothing to be run."""

    type_: Literal["layout"] = msgspec.field(name="_type")
    steps: Annotated[tuple[Step, ...], msgspec.Meta(min_length=1, max_length=MAX_STEPS)]
    inspect: list[dict[str, Any]]
    keys: Annotated[dict[str, dict[str, Any]], msgspec.Meta(min_length=1, max_length=MAX_STEPS)]
    expires: str
    readme: str


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody says about a step that he did: what he used and what he made."""

    type_: Literal["link"] = msgspec.field(name="_type")
    name: Line
    materials: Artifacts
    products: Artifacts
    byproducts: dict[str, Any]
    command: list[str]
    environment: dict[str, Any]


def read_layout(metadata: SignedMetadata, *, where: str) -> Layout:
    """Read a layout; raise `MalformedError`, `UntrustedError` for what would have to be run to be judged."""
    layout = _convert(metadata, Layout, where)
    if layout.inspect:
        raise UntrustedError(
            f"{where}: inspect",
            "a layout without inspections",
            f"{len(layout.inspect)}: {_named(layout.inspect)}",
            hint="an inspection is a command for whoever verifies, and nothing is run here: make it a step that a "
            "functionary does and signs",
            check=FORM,
        )
    return layout


def read_link(metadata: SignedMetadata, *, where: str) -> Link:
    """Read a link; raise `MalformedError`, `UntrustedError` for a sublayout in its place."""
    if metadata.kind != LINK:
        raise UntrustedError(
            where,
            "a link",
            "a layout of its own in the place of one (a sublayout)",
            hint="put the steps of the sublayout into the layout: sublayouts are not followed",
            check=FORM,
        )
    link = _convert(metadata, Link, where)
    for path in (*link.materials, *link.products):
        # The library reads a backslash as a slash when it applies rules: one path would be another.
        if "\\" in path:
            raise MalformedError(where, "artifact paths without backslashes", ascii(path)[:120], check=FORM)
    return link


def _named(inspections: list[dict[str, Any]]) -> str:
    return ", ".join(str(each.get("name")) for each in inspections)[:200]


def _convert(metadata: SignedMetadata, kind: type[T], where: str) -> T:
    try:
        return strict.convert(metadata.said, kind, where=where)
    except MalformedError as error:
        raise MalformedError(error.where, error.expected, error.found, check=FORM) from error
