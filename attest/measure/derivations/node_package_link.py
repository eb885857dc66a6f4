"""node-package-link: `node_modules/NAME` leads to the sealed package NAME elsewhere in the root (pnpm, workspaces)."""

from __future__ import annotations

import re
from typing import Final

from attest.measure.derivations.node_package import led_to, package_key, sealed_package
from attest.measure.derivations.rule import Outcome, Rule, underived, written
from attest.measure.facts import Facts
from attest.statement.manifest import FileKind
from attest.statement.observation import Derivation

_PATH: Final = re.compile(r"(?:(?:.*/)?node_modules/)?(?P<name>(?:@[^/]+/)?[^/@.][^/]*)")


def claims(path: str) -> bool:
    """Return whether a package may be found under the path; in the root itself, if that is a `node_modules`."""
    return _PATH.fullmatch(path) is not None


def derive(facts: Facts, root: str, path: str) -> Outcome:
    """Accept a link to a folder whose sealed package.json has the name under which it will be found."""
    match = _PATH.fullmatch(path)
    seen = facts.observed((root, path))
    if match is None or seen is None or seen.type_ is not FileKind.LINK or seen.target is None:
        return None
    there = led_to(path, seen.target)
    package = None if there is None else sealed_package(facts, root, there)
    if there is None or package is None:
        return None
    if package.name != match["name"]:
        return underived(f"a link to {package.name}, which is another package")
    return Derivation(rule=RULE.name, inputs=(written(package_key(root, there)),))


RULE: Final = Rule(name="node-package-link", required=True, may_appear=False, claims=claims, derive=derive)
