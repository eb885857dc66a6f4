"""pnpm-command: the script at `node_modules/.bin/NAME` by which pnpm starts a command of a sealed package."""

from __future__ import annotations

import posixpath
import re
from typing import Final

from attest.codec.octets import sha256_hex
from attest.measure.command_shim import MAX_SHIM_BYTES, read_shim
from attest.measure.derivations.node_package import followed, led_to, package_above, package_key
from attest.measure.derivations.rule import Outcome, Rule, underived, written
from attest.measure.facts import Facts
from attest.statement.manifest import FileKind
from attest.statement.observation import Derivation

_PATH: Final = re.compile(r"(?:.*/)?\.bin/(?P<name>[^/]+)")
_KNOWN: Final = {
    "fa0e4d3362381e8d93086782b4b7976b56a9d0b61cdddd1bc316e455c813fd32": "pnpm 9.15",
    "83441645bf397815b7f402c0478b5a9ce54688e572be03f98602d3a728dc8e77": "pnpm 10.34",
    "8375a868d79e738dd2a7ac74b2fa5e6287b938527416816c4f426d97993dcfd9": "pnpm 12.21",
}
"""SHA-256 of what they write for node, with target and NODE_PATH left open."""


def claims(path: str) -> bool:
    """Return whether the path is that of a command."""
    return _PATH.fullmatch(path) is not None


def derive(facts: Facts, root: str, path: str) -> Outcome:
    """Accept known text that starts, by node, what a package.json calls so, with a NODE_PATH inside the root."""
    match = _PATH.fullmatch(path)
    seen = facts.observed((root, path))
    if match is None or seen is None or seen.type_ is not FileKind.FILE:
        return None
    shim = read_shim(facts.read((root, path), MAX_SHIM_BYTES))
    if shim is None or not seen.executable or sha256_hex(shim.normal.encode()) not in _KNOWN:
        return underived("not what a known pnpm writes")
    if not all(_is_inside(facts, root, path, place) for place in shim.node_path):
        return underived("a NODE_PATH outside the root")
    there = led_to(path, shim.target)
    there = None if there is None else followed(facts, root, there)
    found = None if there is None else package_above(facts, root, there)
    if there is None or found is None:
        return underived("a command of no sealed package")
    folder, package = found
    if not package.is_command(match["name"], there.removeprefix(f"{folder}/")):
        return underived(f"a file that {package.name} does not call {match['name'][:80]}")
    return Derivation(rule=RULE.name, inputs=(written(package_key(root, folder)),))


def _is_inside(facts: Facts, root: str, path: str, place: str) -> bool:
    """Whether a folder of NODE_PATH lies in the root, or is the root: where everything is sealed."""
    whole = [posixpath.join(spelling, posixpath.dirname(path), place) for spelling in facts.spellings(root)]
    roots = facts.spellings(root)
    normal = [posixpath.normpath(each) for each in whole]
    return any(each == top or each.startswith(f"{top}/") for each in normal for top in roots)


RULE: Final = Rule(name="pnpm-command", required=True, claims=claims, derive=derive)
