"""Which release of CPython made a tree's byte code, as the tree tells it: for telling why it cannot be judged.

Two releases of one magic number may number lines otherwise (3.11.4 and 3.11.9, say), so that one does not make again
what the other made. What a tree tells is its own: it never makes a match, and it is not asked where the interpreter
that the tree leads to is at hand.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Final

from attest.errors import AttestError
from attest.measure.compiler import Interpreter
from attest.measure.derivations.virtual_environment import configuration_of, read_configuration
from attest.measure.facts import Facts
from attest.statement.findings import FindingKind
from attest.statement.observation import Key, Trouble

_LIBRARY: Final = re.compile(r"(?P<prefix>(?:.*?/)?)lib(?:64)?/(?P<name>python3\.[0-9]{1,2}t?)/.*", re.DOTALL)
_VERSION: Final = re.compile(r"([0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3})(?![0-9]).*")
"""`version` of venv and `version_info` of uv and virtualenv, which goes on with `.final.0`."""
_HEADER: Final = re.compile(rb'^#define PY_VERSION\s+"([0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3})["+]', re.MULTILINE)
_MAX_HEADER_BYTES: Final = 64 * 1024


def other_release(facts: Facts, source: Key, at_hand: Sequence[Interpreter]) -> Trouble | None:
    """Return why byte code that differs in line numbers alone cannot be judged; None if it can.

    It cannot where the tree's interpreter is none of those `at_hand`, and of another release than they.
    """
    match = _LIBRARY.fullmatch(source[1])
    if match is None or _is_at_hand(facts, source[0], match["prefix"], at_hand):
        return None
    try:
        release = _of_environment(facts, source[0], match["prefix"]) or _of_installation(facts, source[0], match)
    except AttestError:
        return None
    ours = sorted({each.release for each in at_hand})
    if release is None or release in ours:
        return None
    return Trouble(
        kind=FindingKind.UNDERIVABLE,
        detail=f"the code of its source with other line numbers than those of {', '.join(ours)}, which is at hand",
        expected=f"CPython {release}, which the tree names, to compile it again: install it, or seal it (--runtime-of)",
    )


def _is_at_hand(facts: Facts, root: str, prefix: str, at_hand: Sequence[Interpreter]) -> bool:
    program = facts.real(os.path.join(facts.place(root), prefix, "bin", "python"))
    return program in {os.path.realpath(each.program) for each in at_hand}


def _of_environment(facts: Facts, root: str, prefix: str) -> str | None:
    key = configuration_of(facts, root, prefix)
    if key is None or not facts.explained(key):
        return None
    values = read_configuration(facts, key) or {}
    match = _VERSION.fullmatch(values.get("version_info") or values.get("version") or "")
    return match[1] if match else None


def _of_installation(facts: Facts, root: str, match: re.Match[str]) -> str | None:
    """An installation holds the headers of its release."""
    key = (root, f"{match['prefix']}include/{match['name']}/patchlevel.h")
    if not facts.sealed(key):
        return None
    found = _HEADER.search(facts.read(key, _MAX_HEADER_BYTES))
    return found[1].decode("ascii") if found else None
