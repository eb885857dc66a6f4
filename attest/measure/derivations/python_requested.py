"""python-requested: REQUESTED is empty; it says that somebody asked for the package (PEP 376)."""

from __future__ import annotations

from typing import Final

from attest.measure.derivations.distribution import is_metadata, metadata_of
from attest.measure.derivations.rule import Outcome, Rule, is_plain, underived, written
from attest.measure.facts import Facts
from attest.statement.observation import Derivation


def claims(path: str) -> bool:
    """Return whether this is the file of some `.dist-info`."""
    return is_metadata(path, "REQUESTED")


def derive(facts: Facts, root: str, path: str) -> Outcome:
    """Accept an empty file."""
    metadata = metadata_of(facts, root, path)
    if metadata is None:
        return None
    seen = facts.observed((root, path))
    if not is_plain(facts, (root, path)) or seen is None or seen.size != 0:
        return underived("not an empty file")
    return Derivation(rule=RULE.name, inputs=(written(metadata),))


RULE: Final = Rule(name="python-requested", required=False, claims=claims, derive=derive)
