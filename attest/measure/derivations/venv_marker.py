"""venv-marker: `.gitignore`, `CACHEDIR.TAG` and `.lock`, which tell other tools to keep away."""

from __future__ import annotations

from typing import Final

from attest.measure.derivations.known_files import MARKERS
from attest.measure.derivations.rule import Outcome, Rule, is_plain, underived
from attest.measure.derivations.virtual_environment import configuration_of
from attest.measure.facts import Facts
from attest.statement.observation import Derivation


def claims(path: str) -> bool:
    """Return whether the file is called like one."""
    return path.rpartition("/")[2] in MARKERS


def derive(facts: Facts, root: str, path: str) -> Outcome:
    """Accept known content beside a `pyvenv.cfg`."""
    folder, slash, name = path.rpartition("/")
    if configuration_of(facts, root, folder + slash) is None:
        return None
    seen = facts.observed((root, path))
    if seen is None or not is_plain(facts, (root, path)) or seen.sha256 not in MARKERS[name]:
        return underived("not what venv or uv writes")
    return Derivation(rule=RULE.name, inputs=())


RULE: Final = Rule(name="venv-marker", required=False, claims=claims, derive=derive)
