"""Which files on disk fit the files that evidence names; see `attest.provenance.named_files` for what that takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from attest.measure.places import absolute_of
from attest.seal.messages import NamedFilePath
from attest.statement.levels import ORIGIN_RANK, Origin
from attest.statement.observation import Key, Observation


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """What was found on disk: files that fit, by best origin; files in a named place with another content."""

    known: Mapping[Key, tuple[str, Origin]]
    differing: Mapping[Key, str]
    """Only where nothing else fits what is named: two roots may both have a `README.md`."""
    answered: frozenset[int]
    """The numbers of the named files that some file fits."""


def fit_files(named: Sequence[NamedFilePath], observation: Observation) -> Fitted:
    """Hold what is named against every file that was seen, below its root and from the top of the machine."""
    at: dict[str, list[int]] = {}
    for number, each in enumerate(named):
        at.setdefault(each.path, []).append(number)
    known: dict[Key, tuple[str, Origin]] = {}
    answered: set[int] = set()
    beside: dict[Key, list[int]] = {}
    for key, seen in observation.files.items() if at else ():
        if seen.sha256 is None:
            continue
        absolute = absolute_of(observation.places, key).lstrip("/")
        numbers = [number for path in dict.fromkeys((key[1], absolute)) for number in at.get(path, ())]
        fitting = [number for number in numbers if named[number].sha256 == seen.sha256]
        if fitting:
            best = max((named[number].origin for number in fitting), key=ORIGIN_RANK.__getitem__)
            known[key] = (seen.sha256, best)
            answered.update(fitting)
        elif numbers:
            beside[key] = numbers
    differing = {
        key: named[numbers[0]].sha256
        for key, numbers in beside.items()
        if not any(number in answered for number in numbers)
    }
    return Fitted(known=known, differing=differing, answered=frozenset(answered))
