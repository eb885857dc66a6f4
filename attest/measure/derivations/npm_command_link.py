"""npm-command-link: `node_modules/.bin/NAME` leads to a command of that name of a sealed package (npm `bin-links`)."""

from __future__ import annotations

import re
from typing import Final

from attest.measure.derivations.node_package import led_to, package_above, package_key
from attest.measure.derivations.rule import Outcome, Rule, underived, written
from attest.measure.facts import Facts
from attest.statement.manifest import FileKind
from attest.statement.observation import Derivation

_PATH: Final = re.compile(r"(?:.*/)?\.?bin/(?P<name>[^/]+)")
"""Also `bin/`: there npm links the commands of packages that are installed globally."""


def claims(path: str) -> bool:
    """Return whether the path is that of a command."""
    return _PATH.fullmatch(path) is not None


def derive(facts: Facts, root: str, path: str) -> Outcome:
    """Accept a link to a file that the package.json above it makes a command of this name."""
    match = _PATH.fullmatch(path)
    seen = facts.observed((root, path))
    if match is None or seen is None or seen.type_ is not FileKind.LINK or seen.target is None:
        return None
    there = led_to(path, seen.target)
    found = None if there is None else package_above(facts, root, there)
    if there is None or found is None:
        return None
    folder, package = found
    command = facts.observed((root, there))
    if command is None or not package.is_command(match["name"], there.removeprefix(f"{folder}/")):
        return underived(f"a link to {seen.target[:200]}, which {package.name} does not call {match['name'][:80]}")
    return Derivation(rule=RULE.name, inputs=(written(package_key(root, folder)),))


RULE: Final = Rule(name="npm-command-link", required=True, claims=claims, derive=derive)
