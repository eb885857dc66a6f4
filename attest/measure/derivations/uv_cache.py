"""uv-cache: uv_cache.json tells uv from when an archive was; it holds times and nothing else."""

from __future__ import annotations

import re
from typing import Final

from attest.measure.derivations.distribution import is_metadata, metadata_of
from attest.measure.derivations.rule import Outcome, Rule, is_plain, underived, written
from attest.measure.facts import Facts
from attest.statement.observation import Derivation

_FORM: Final = re.compile(
    rb'\{(?:"timestamp":(?:null|\{"secs_since_epoch":\d{1,12},"nanos_since_epoch":\d{1,9}\})'
    rb',"commit":null,"tags":null(?:,"env":\{\})?(?:,"directories":\{\})?)?\}\n?'
)


def claims(path: str) -> bool:
    """Return whether this is the file of some `.dist-info`."""
    return is_metadata(path, "uv_cache.json")


def derive(facts: Facts, root: str, path: str) -> Outcome:
    """Accept the one form that is written for an archive."""
    metadata = metadata_of(facts, root, path)
    if metadata is None:
        return None
    if not is_plain(facts, (root, path)) or not _FORM.fullmatch(facts.read((root, path), 1024)):
        return underived("not what uv notes about an archive")
    return Derivation(rule=RULE.name, inputs=(written(metadata),))


RULE: Final = Rule(name="uv-cache", required=False, claims=claims, derive=derive)
