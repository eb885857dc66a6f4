"""python-installer: INSTALLER names the tool, and nothing but pip and uv is known (PEP 376)."""

from __future__ import annotations

from typing import Final

from attest.measure.derivations.distribution import is_metadata, metadata_of
from attest.measure.derivations.rule import Outcome, Rule, is_plain, underived, written
from attest.measure.facts import Facts
from attest.statement.observation import Derivation

_TOOLS: Final = {b"pip\n", b"pip", b"uv", b"uv\n"}


def claims(path: str) -> bool:
    """Return whether this is the file of some `.dist-info`."""
    return is_metadata(path, "INSTALLER")


def derive(facts: Facts, root: str, path: str) -> Outcome:
    """Accept the known tools' names."""
    metadata = metadata_of(facts, root, path)
    if metadata is None:
        return None
    if not is_plain(facts, (root, path)) or facts.read((root, path), 64) not in _TOOLS:
        return underived("not the name of a known installer")
    return Derivation(rule=RULE.name, inputs=(written(metadata),))


RULE: Final = Rule(name="python-installer", required=False, claims=claims, derive=derive)
