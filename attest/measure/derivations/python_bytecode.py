"""python-bytecode: `__pycache__/NAME.TAG[.opt-N].pyc` is what an interpreter makes of `NAME.py`."""

from __future__ import annotations

import os
import re
from typing import Final

from attest.measure.derivations.rule import CompileJob, Outcome, Rule, written
from attest.measure.derivations.virtual_environment import ARCHIVES, made_first_at
from attest.measure.facts import Facts
from attest.statement.observation import Derivation, Key

NAME: Final = "python-bytecode"

_PATH: Final = re.compile(
    r"(?P<folder>(?:.*/)?)__pycache__/(?P<name>[^/]+)\.cpython-[0-9]+t?(?:\.opt-(?P<level>[12]))?\.pyc"
)


def claims(path: str) -> bool:
    """Return whether the path is one of PEP 3147; a .pyc beside its source never is."""
    return path.endswith(".pyc") and _PATH.fullmatch(path) is not None


def source_of(compiled: Key) -> Key | None:
    """Return where the source of a .pyc lies; None if the path is none of PEP 3147."""
    match = _PATH.fullmatch(compiled[1])
    return (compiled[0], f"{match['folder']}{match['name']}.py") if match else None


def derive(facts: Facts, root: str, path: str) -> Outcome | CompileJob:
    """Ask for the compilation of the source; without a sealed or derived one it is none of ours."""
    match = _PATH.fullmatch(path)
    source = source_of((root, path))
    if match is None or source is None or not facts.explained(source):
        return None
    return CompileJob(
        source=source,
        compiled=(root, path),
        filenames=_filenames(facts, source, (root, path)),
        optimize=int(match["level"] or 0),
    )


def derivation(source: Key) -> Derivation:
    """Return the derivation of a .pyc that follows from `source`."""
    return Derivation(rule=NAME, inputs=(written(source),))


def _filenames(facts: Facts, source: Key, compiled: Key) -> tuple[str, ...]:
    root, path = source
    places = list(facts.spellings(root))
    if any(os.path.basename(os.path.dirname(place)) == ARCHIVES for place in places):
        # `uvx --compile-bytecode` compiles before it moves; an import takes the name from where the file lies.
        octets = facts.read(compiled)
        places += [first for place in places if (first := made_first_at(place, octets)) is not None]
    names = [os.path.join(place, path) for place in places]
    # Where platlib is lib64 and lib64 links to lib, half of a tree is compiled under each name.
    names += [name.replace("/lib/python", "/lib64/python", 1) for name in names]
    return tuple(dict.fromkeys(names))


RULE: Final = Rule(name=NAME, required=False, claims=claims, derive=derive, stage=1)
