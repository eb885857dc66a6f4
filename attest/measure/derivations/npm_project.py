"""npm-project: the package.json that npm and npx write to remember what was asked for; it says nothing to node."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Any, Final

from attest.codec import strict
from attest.errors import MalformedError
from attest.measure.derivations.node_package import PACKAGE, followed, package_key, sealed_package
from attest.measure.derivations.rule import Outcome, Rule, is_plain, underived, written
from attest.measure.facts import Facts
from attest.statement.observation import Derivation, Key

_MAX_BYTES: Final = 64 * 1024
_MOST: Final = 256
"""Dependencies: each is an input of the entry, and an entry is a line of the manifest."""


def claims(path: str) -> bool:
    """Return whether the file is called like one."""
    return posixpath.basename(path) == PACKAGE


def derive(facts: Facts, root: str, path: str) -> Outcome:
    """Accept dependencies that are installed and sealed, what npx was asked for, and nothing else.

    No `type`, `main`, `exports`, `imports` or `scripts`: nothing by which node or npm would find or run anything.
    """
    if not is_plain(facts, (root, path)):
        return None
    try:
        wanted = _dependencies(strict.parse(facts.read((root, path), _MAX_BYTES), where=path))
    except MalformedError:
        return None
    if wanted is None:
        return None
    found = list(_installed(facts, root, posixpath.dirname(path), wanted))
    if len(found) != len(wanted) or len(found) > _MOST:
        return underived("a dependency that is not installed and sealed")
    return Derivation(rule=RULE.name, inputs=tuple(written(key) for key in found))


def _dependencies(told: Any) -> tuple[str, ...] | None:  # noqa: ANN401  (a JSON value)
    if not isinstance(told, dict) or not told.keys() <= {"dependencies", "_npx"}:
        return None
    wanted, npx = told.get("dependencies"), told.get("_npx", {"packages": []})
    if not isinstance(wanted, dict) or not wanted or not all(isinstance(spec, str) for spec in wanted.values()):
        return None
    asked = npx.get("packages") if isinstance(npx, dict) and len(npx) == 1 else None
    if not isinstance(asked, list) or not all(isinstance(spec, str) for spec in asked):
        return None
    return tuple(sorted(wanted))


def _installed(facts: Facts, root: str, folder: str, names: tuple[str, ...]) -> Iterator[Key]:
    for name in names:
        there = followed(facts, root, posixpath.normpath(posixpath.join(folder, "node_modules", name)))
        package = None if there is None else sealed_package(facts, root, there)
        if there is not None and package is not None and package.name == name:
            yield package_key(root, there)


RULE: Final = Rule(name="npm-project", required=False, may_appear=False, claims=claims, derive=derive)
