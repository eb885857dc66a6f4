"""venv-link: `bin/python*` leads to the interpreter of `pyvenv.cfg`, and `lib64` to `lib`."""

from __future__ import annotations

import os
import re
from typing import Final

from attest.measure.derivations.rule import Outcome, Rule, underived
from attest.measure.derivations.shebang import INTERPRETER
from attest.measure.derivations.virtual_environment import (
    configuration_of,
    is_home_of,
    original_of,
    read_configuration,
)
from attest.measure.facts import Facts
from attest.statement.manifest import FileKind
from attest.statement.observation import Derivation

_PATH: Final = re.compile(r"(?P<folder>(?:.*/)?)(?:lib64|bin/(?P<name>[^/]+))")
_FANCY: Final = "\N{MATHEMATICAL ITALIC SMALL PI}thon"
"""CPython 3.14 makes this link, too."""


def claims(path: str) -> bool:
    """Return whether the path is one of the links' names."""
    match = _PATH.fullmatch(path)
    return match is not None and (match["name"] is None or _is_interpreter(match["name"]))


def derive(facts: Facts, root: str, path: str) -> Outcome:
    """Accept a link beside a `pyvenv.cfg` to a sibling of such a name, or its interpreter itself or a link to it."""
    match = _PATH.fullmatch(path)
    configuration = configuration_of(facts, root, match["folder"]) if match else None
    if match is None or configuration is None:
        return None
    seen = facts.observed((root, path))
    if seen is not None and match["name"] is not None and seen.type_ is FileKind.FILE:
        copied = _is_copy(facts, root, match["folder"], path)
        return Derivation(rule=RULE.name, inputs=()) if copied else underived("no copy of its home's interpreter")
    if seen is None or seen.type_ is not FileKind.LINK or seen.target is None:
        return underived("not a link")
    if match["name"] is None:
        good = seen.target == "lib"
    elif "/" not in seen.target:
        sibling = facts.observed((root, f"{match['folder']}bin/{seen.target}"))
        good = _is_interpreter(seen.target) and sibling is not None
    else:
        good = _leads_home(facts, root, match["folder"], seen.target)
    if not good:
        return underived(f"a link to {seen.target[:200]}")
    return Derivation(rule=RULE.name, inputs=())


def _is_copy(facts: Facts, root: str, folder: str, path: str) -> bool:
    values = read_configuration(facts, (root, f"{folder}pyvenv.cfg")) or {}
    home = values.get("home", "")
    return original_of(facts, (root, path), home) is not None and is_home_of(facts, root, folder, home)


def _leads_home(facts: Facts, root: str, folder: str, target: str) -> bool:
    values = read_configuration(facts, (root, f"{folder}pyvenv.cfg"))
    if values is None or not os.path.isabs(target):
        return False
    python = os.path.join(facts.place(root), folder, "bin", "python")
    same = facts.real(target) == facts.real(python)
    return same and is_home_of(facts, root, folder, values.get("home", ""))


def _is_interpreter(name: str) -> bool:
    return name == _FANCY or INTERPRETER.fullmatch(name) is not None


RULE: Final = Rule(name="venv-link", required=False, claims=claims, derive=derive)
