"""venv-config: `pyvenv.cfg` leads to the interpreter that `bin/python` is, and isolates (PEP 405)."""

from __future__ import annotations

from typing import Final

from attest.measure.derivations.rule import Outcome, Rule, is_plain, underived
from attest.measure.derivations.virtual_environment import (
    CONFIGURATION,
    is_home_of,
    read_configuration,
)
from attest.measure.facts import Facts
from attest.statement.observation import Derivation

_KNOWN: Final = {
    "command",
    "executable",
    "home",
    "implementation",
    "include-system-site-packages",
    "prompt",
    "relocatable",
    "uv",
    "version",
    "version_info",
}
"""Keys that `python -m venv` and `uv venv` write; the interpreter reads the third and the fifth."""


def claims(path: str) -> bool:
    """Return whether the file is called like one."""
    return path.rpartition("/")[2] == CONFIGURATION


def derive(facts: Facts, root: str, path: str) -> Outcome:
    """Accept known keys, an isolated environment, and a home that `bin/python` confirms."""
    folder = path.removesuffix(CONFIGURATION)
    if f"/{folder}".endswith("/bin/"):
        # There the interpreter finds it before the environment's own.
        return None
    values = read_configuration(facts, (root, path))
    if not is_plain(facts, (root, path)) or values is None or not values.keys() <= _KNOWN:
        return underived("other lines than venv and uv write")
    # Absent means true to the interpreter (site.py).
    if values.get("include-system-site-packages", "").lower() != "false":
        return underived("not isolated: include-system-site-packages is not false")
    if not is_home_of(facts, root, folder, values.get("home", "")):
        return underived("its home is not that of bin/python")
    return Derivation(rule=RULE.name, inputs=("include-system-site-packages=false",))


RULE: Final = Rule(name="venv-config", required=True, claims=claims, derive=derive)
