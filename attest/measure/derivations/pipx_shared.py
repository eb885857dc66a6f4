"""pipx-shared: `pipx_shared.pth` lets an environment import pipx's own pip, which has to be sealed, too."""

from __future__ import annotations

import re
from typing import Final

from attest.measure.derivations.rule import Outcome, Rule, is_plain, underived, written
from attest.measure.facts import Facts
from attest.measure.places import PREFIX_ROOT
from attest.statement.observation import Derivation

_TAIL: Final = "/site-packages/pipx_shared.pth"
_MAX_BYTES: Final = 8192
_PIP: Final = re.compile(r"pip-[^/-]+\.dist-info/METADATA")


def claims(path: str) -> bool:
    """Return whether the file is called like it."""
    return path.endswith(_TAIL)


def derive(facts: Facts, root: str, path: str) -> Outcome:
    """Accept one line that names a site-packages directory of a whole root, into which a sealed pip was installed."""
    if not is_plain(facts, (root, path)):
        return underived("not a plain file")
    line = facts.read((root, path), _MAX_BYTES).decode("utf-8", "replace")
    place = line.removesuffix("\n")
    if not place.isprintable() or not place.startswith("/") or not place.endswith("/site-packages"):
        return underived("not one line with a site-packages directory")
    inside = facts.locate(f"{place}/pip")
    if inside is None or inside[0] == PREFIX_ROOT:
        return underived(f"it brings in {place[:200]}: seal that environment as a further TREE")
    folder = inside[1].removesuffix("pip")
    for key in sorted(facts.known):
        if key[0] == inside[0] and key[1].startswith(folder) and _PIP.fullmatch(key[1].removeprefix(folder)):
            return Derivation(rule=RULE.name, inputs=(written(key),)) if facts.sealed(key) else None
    return underived(f"no sealed pip in {place[:200]}")


RULE: Final = Rule(name="pipx-shared", required=False, claims=claims, derive=derive)
