"""Which arguments of a command could be secrets: those get no place in a reference, which others will read.

A guess, on the safe side: a word too many is one whose value nobody sealed, a word too few a secret that is shown to
others.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

LABEL: Final = "<secret>"
"""What stands for one in a reference."""

_NAMES: Final = (
    r"key|token|secret|passw(?:or)?d|passphrase|pwd|credentials?|auth(?:orization)?|bearer|cookie|dsn|header"
)
_OPTION: Final = re.compile(rf"--?[\w.-]*(?:{_NAMES})[\w.-]*", re.IGNORECASE)
_ASSIGNED: Final = re.compile(rf"(?P<name>(?:--?)?[\w.-]*(?:{_NAMES})[\w.-]*=).+", re.IGNORECASE | re.DOTALL)
_ADDRESS: Final = re.compile(
    rf"(?P<scheme>[a-z][a-z0-9+.-]*://)(?:[^/?#]*@|[^?]*\?.*(?:{_NAMES})).*", re.IGNORECASE | re.DOTALL
)
_KNOWN: Final = re.compile(
    r"(?:sk-|pk-|gh[a-z]_|github_pat_|glpat-|xox[a-z]-|npm_|AKIA|eyJ|Bearer\s|Basic\s).+", re.DOTALL
)
_RANDOM: Final = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z])[A-Za-z0-9+_=-]{32,}")
"""As long as keys are, and without the slashes and dots of a path, an address or a version."""


def secret_labels(words: Sequence[str]) -> dict[int, str]:
    """Return the places of the words that could be secrets, each with what stands for it."""
    labels: dict[int, str] = {}
    for at, word in enumerate(words):
        after = at > 0 and at - 1 not in labels and _OPTION.fullmatch(words[at - 1]) is not None
        if after and not word.startswith("-"):
            labels[at] = LABEL
        elif (label := _label(word)) is not None:
            labels[at] = label
    return labels


def _label(word: str) -> str | None:
    for pattern, group in ((_ASSIGNED, "name"), (_ADDRESS, "scheme")):
        match = pattern.fullmatch(word)
        if match is not None:
            return f"{match[group]}{LABEL}"
    return LABEL if _KNOWN.fullmatch(word) or _RANDOM.fullmatch(word) else None
