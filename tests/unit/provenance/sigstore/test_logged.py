"""What a log has entered is what the bundle says that it has: of this kind, in this version."""

from __future__ import annotations

import json
from typing import Any

import pytest

from attest.errors import MalformedError
from attest.provenance.sigstore.logged import spec_of

ENTRY: dict[str, Any] = {"kind": "dsse", "apiVersion": "0.0.1", "spec": {"a": 1}}


def read(entry: Any) -> dict[str, Any]:
    return spec_of(json.dumps(entry).encode(), "dsse", "0.0.1", where="entry")


def test_an_entry_is_of_the_kind_that_the_bundle_named() -> None:
    assert read(ENTRY) == {"a": 1}
    others: tuple[dict[str, Any], ...] = (
        {"kind": "hashedrekord"},
        {"apiVersion": "0.0.2"},
        {"spec": []},
        {"spec": None},
    )
    for other in others:
        with pytest.raises(MalformedError):
            read({**ENTRY, **other})
    with pytest.raises(MalformedError):
        read([ENTRY])
