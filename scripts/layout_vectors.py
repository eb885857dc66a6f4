"""Vectors of in-toto layouts with their links: the document around them, and faults below good signatures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from attest.codec import canonical
from attest.codec.octets import to_base64
from scripts.faults import Fault, Places, form_faults, json_faults, value_faults, with_value
from scripts.vector import Vector, bad, good
from tests.layouts import (
    ALICE,
    CAROL,
    DOCUMENT,
    LAYOUT,
    LAYOUT_PAYLOAD,
    LINK_PAYLOAD,
    LINKS,
    MALLORY,
    OWNER,
    build_link,
    document_with_layout,
    document_with_link,
    make_document,
    make_layout,
    sign,
    source_link,
)
from tests.world import sha256_of

_OTHER = sha256_of(b"trojan")


def layouts() -> Iterator[Vector]:
    """Yield good ones in both containers of in-toto's, and bad ones."""
    yield from good("good", DOCUMENT, "in-toto-layout")
    yield from good("good-metablock", make_document(LAYOUT, [source_link(), build_link(CAROL)]), "in-toto-layout")
    places = Places(text=("schema",), word=("schema",))
    for faults in (json_faults, form_faults, value_faults):
        yield from bad("in-toto-layout", faults(DOCUMENT, places))
    yield from bad("in-toto-layout", _document_faults())
    yield from bad("in-toto-layout", _layout_faults())
    yield from bad("in-toto-layout", _link_faults())
    yield from bad("in-toto-layout", _untrusted(), error="UntrustedError")


def _document_faults() -> Iterator[Fault]:
    links = json.loads(DOCUMENT)["links"]
    yield "links-in-another-order", with_value(DOCUMENT, ("links",), links[::-1])
    yield "link-twice", with_value(DOCUMENT, ("links",), [links[0], links[0]])
    yield "no-links", with_value(DOCUMENT, ("links",), [])
    yield "layout-no-json", with_value(DOCUMENT, ("layout",), to_base64(b"layout"))
    yield "stray-bits-in-base64", DOCUMENT.replace(b'==",', b'=",', 1)


def _layout_faults() -> Iterator[Fault]:
    """Faults that the owner signed."""
    payload = canonical.encode_value(json.loads(LAYOUT_PAYLOAD))
    step = ("steps", 0)
    changes: tuple[tuple[str, tuple[str | int, ...], Any], ...] = (
        ("no-steps", ("steps",), []),
        ("no-keys", ("keys",), {}),
        ("expires-on-no-day", ("expires",), "2027-02-30T00:00:00Z"),
        ("threshold-of-zero", (*step, "threshold"), 0),
        ("two-steps-of-one-name", (*step, "name"), "build"),
        ("rule-of-no-kind", (*step, "expected_products"), [["EXPLODE", "*"]]),
        ("key-under-another-id", ("keys", ALICE.public_key.keyid, "keyid"), CAROL.public_key.keyid),
    )
    for name, place, value in changes:
        yield f"layout-{name}", document_with_layout(with_value(payload, place, value))
    yield "layout-that-is-a-link", document_with_layout(LINK_PAYLOAD)
    yield "layout-key-twice", document_with_layout(b'{"_type":"layout",' + payload[1:])


def _link_faults() -> Iterator[Fault]:
    """Faults that a functionary signed."""
    payload = canonical.encode_value(json.loads(LINK_PAYLOAD))
    yield "link-without-products", document_with_link(with_value(payload, ("products",), None))
    yield "link-digest-no-hexadecimal", document_with_link(with_value(payload, ("products",), {"a": {"sha256": "g"}}))
    yield "link-path-with-backslash", document_with_link(with_value(payload, ("products",), {"a\\b": _OTHER}))


def _untrusted() -> Iterator[Fault]:
    inspection = {
        "_type": "inspection",
        "name": "x",
        "run": ["true"],
        "expected_materials": [],
        "expected_products": [],
    }
    payload = canonical.encode_value(json.loads(LAYOUT_PAYLOAD))
    changed = build_link(CAROL, enveloped=True, materials={"src.tar": _OTHER})
    yield "layout-of-a-stranger", make_document(LAYOUT, LINKS, owners=(MALLORY,), enveloped=True)
    yield (
        "layout-expired",
        make_document(_with_expiry("2020-01-01T00:00:00Z"), LINKS, owners=(OWNER,), enveloped=True),
    )
    yield "inspection", document_with_layout(with_value(payload, ("inspect",), [inspection]))
    yield "sublayout", make_document(LAYOUT, [LINKS[0], sign(LAYOUT, CAROL, enveloped=True)], enveloped=True)
    yield "step-by-a-stranger", make_document(LAYOUT, [LINKS[0], build_link(MALLORY, enveloped=True)], enveloped=True)
    yield "step-without-a-link", make_document(LAYOUT, LINKS[:1], enveloped=True)
    yield "changed-between-steps", make_document(LAYOUT, [LINKS[0], changed], enveloped=True)


def _with_expiry(expires: str) -> Any:  # noqa: ANN401  (a layout of a library without types)
    return make_layout(LAYOUT.steps, (ALICE, CAROL), expires=expires)
