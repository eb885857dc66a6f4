"""python-bytecode: `__pycache__/NAME.TAG[.opt-N].pyc` is what an interpreter makes of `NAME.py`."""

from __future__ import annotations

import re
from typing import Final

from attest.measure.derivations.rule import CompileJob, Outcome, Rule, is_plain, underived, written
from attest.measure.facts import Facts
from attest.statement.observation import Derivation, Key

NAME: Final = "python-bytecode"

_PATH: Final = re.compile(
    r"(?P<folder>(?:.*/)?)__pycache__/(?P<name>[^/]+)\.cpython-[0-9]+t?(?:\.opt-(?P<level>[12]))?\.pyc"
)
_IN_THE_MAKING: Final = re.compile(r"(?P<compiled>.*\.pyc)\.[0-9]+", re.DOTALL)
"""The name under which CPython writes a .pyc before it renames it (importlib, `_write_atomic`)."""


def claims(path: str) -> bool:
    """Return whether the path is one of PEP 3147, or what becomes one; a .pyc beside its source never is."""
    return ".pyc" in path and _PATH.fullmatch(_finished(path)) is not None


def source_of(compiled: Key) -> Key | None:
    """Return where the source of a .pyc lies; None if the path is none of PEP 3147."""
    match = _PATH.fullmatch(compiled[1])
    return (compiled[0], f"{match['folder']}{match['name']}.py") if match else None


def derive(facts: Facts, root: str, path: str) -> Outcome | CompileJob:
    """Ask for the compilation of the source; without a sealed or derived one it is none of ours.

    One that could not be read, or changed while it was read, cannot be compiled: nobody knows what it makes.
    """
    finished = _finished(path)
    match = _PATH.fullmatch(finished)
    source = source_of((root, finished))
    if match is None or source is None or not (facts.explained(source) or facts.in_doubt(source)):
        return None
    if finished != path:
        # A start writes it, and one that was killed leaves it. Nothing is ever loaded under such a name.
        return derivation(source) if is_plain(facts, (root, path)) else underived("not a plain file")
    return CompileJob(
        source=source,
        compiled=(root, path),
        optimize=int(match["level"] or 0),
    )


def _finished(path: str) -> str:
    match = _IN_THE_MAKING.fullmatch(path)
    return match["compiled"] if match else path


def derivation(source: Key) -> Derivation:
    """Return the derivation of a .pyc that follows from `source`."""
    return Derivation(rule=NAME, inputs=(written(source),))


RULE: Final = Rule(name=NAME, required=False, claims=claims, derive=derive, stage=1)
