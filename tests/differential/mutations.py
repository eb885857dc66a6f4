"""Bundles with one field changed: every leaf of the JSON flipped, dropped, or taken from another genuine bundle."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from tests import sigstore_world as world
from tests.sigstore_world import SIGNED, Leaf, bundle, issue

Json = dict[str, Any]
Path = tuple[str | int, ...]


def genuine() -> dict[str, tuple[Json, Json]]:
    """Pairs of genuine bundles of one form, about the same content, made at different times with other certificates."""
    later = SIGNED + timedelta(minutes=2)
    leaf = issue(Leaf(lifetime=timedelta(minutes=9)))
    return {
        "artifact": (
            bundle("hashedrekord", "0.0.1", message=True),
            bundle("hashedrekord", "0.0.1", message=True, leaf=leaf, time=later),
        ),
        "artifact, stamped": (
            bundle("hashedrekord", "0.0.1", message=True, stamped=SIGNED),
            bundle("hashedrekord", "0.0.1", message=True, leaf=leaf, time=later, stamped=later),
        ),
        "statement": (bundle(), bundle(leaf=leaf, time=later)),
        "artifact, Rekor v2": (
            bundle("hashedrekord", "0.0.2", message=True, stamped=SIGNED),
            bundle("hashedrekord", "0.0.2", message=True, leaf=leaf, stamped=later),
        ),
        "statement, Rekor v2": (
            bundle("hashedrekord", "0.0.2", stamped=SIGNED),
            bundle("hashedrekord", "0.0.2", leaf=leaf, stamped=later),
        ),
    }


def mutations(document: Json, other: Json) -> Iterator[tuple[str, Json]]:
    """Yield (what was done, the changed bundle)."""
    for path in _leaves(document):
        where = "/".join(map(str, path))
        value = _get(document, path)
        if isinstance(value, str) and value:
            for place in {0, len(value) // 2, len(value) - 1}:
                yield f"{where}: flip {place}", _with(document, path, _flip(value, place))
        yield f"{where}: drop", _without(document, path)
        swapped = _get(other, path)
        if swapped not in (None, value):
            yield f"{where}: swap", _with(document, path, swapped)
    for key in document["verificationMaterial"]:
        if key in other["verificationMaterial"]:
            yield f"{key}: swap", _with(document, ("verificationMaterial", key), other["verificationMaterial"][key])


def _flip(value: str, place: int) -> str:
    return value[:place] + ("A" if value[place] != "A" else "B") + value[place + 1 :]


def _leaves(value: Any, path: Path = ()) -> Iterator[Path]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, (*path, key))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _leaves(inner, (*path, place))
    else:
        yield path


def _get(document: Any, path: Path) -> Any:
    try:
        for step in path:
            document = document[step]
    except (KeyError, IndexError, TypeError):
        return None
    return document


def _with(document: Json, path: Path, value: Any) -> Json:
    changed = copy.deepcopy(document)
    _get(changed, path[:-1])[path[-1]] = value
    return changed


def _without(document: Json, path: Path) -> Json:
    changed = copy.deepcopy(document)
    del _get(changed, path[:-1])[path[-1]]
    return changed


def trusted_root() -> str:
    return json.dumps(world.root_document())
