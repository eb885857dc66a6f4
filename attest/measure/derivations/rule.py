"""What a rule is: which files it claims, and how it derives them from sealed inputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from attest.measure.facts import Facts
from attest.statement.findings import FindingKind
from attest.statement.manifest import FileKind
from attest.statement.observation import Derivation, Key, Trouble

Outcome = Derivation | Trouble | None
"""Derived, or not what the rule produces (or not derivable now), or none of the rule's business."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CompileJob:
    """What the bytecode rule asks the `Deriver` for: does this .pyc follow from this source?"""

    source: Key
    compiled: Key
    optimize: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One way in which an installer or interpreter makes files."""

    name: str
    required: bool
    """Whether a sealed file of this rule must be there; a cache or an activation script need not."""
    claims: Callable[[str], bool]
    """Whether a path looks like one of this rule's."""
    derive: Callable[[Facts, str, str], Outcome | CompileJob]
    """Called with facts, root and path."""
    may_appear: bool = True
    """Whether a file of this rule that nobody sealed is none that matters; False where it decides which code is run."""
    stage: int = 0
    """Rules of a later stage may ask which files those of an earlier one explained."""


def is_plain(facts: Facts, key: Key) -> bool:
    """Return whether a regular file without executable bit was seen there."""
    seen = facts.observed(key)
    return seen is not None and seen.type_ is FileKind.FILE and not seen.executable


def is_file(facts: Facts, key: Key) -> bool:
    """Return whether a regular file was seen there, whatever its executable bit."""
    seen = facts.observed(key)
    return seen is not None and seen.type_ is FileKind.FILE


def underived(detail: str) -> Trouble:
    """Return the trouble of a file that is not what its rule produces."""
    return Trouble(kind=FindingKind.UNDERIVED, detail=detail)


def underivable(detail: str) -> Trouble:
    """Return the trouble of a file that cannot be derived on this machine or at this moment."""
    return Trouble(kind=FindingKind.UNDERIVABLE, detail=detail)


def written(key: Key) -> str:
    """Return a key as an input of a derivation."""
    return f"{key[0]}/{key[1]}"
