"""What the verdicts of a call show together about each of its subjects: levels, one a track, and single properties.

A result has one list for all of its subjects. So what is in it holds for every one of them; about one subject several
files may speak, and what one of them shows is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from operator import itemgetter
from typing import Final

import msgspec

from attest.errors import RefusedError
from attest.evidence.verdict import Attested, Kind, PathKind, Status, Verdict
from attest.statement.digests import DigestSet, Subject
from attest.statement.levels import BINDING_RANK, ISOLATION_RANK
from attest.statement.statement import MAX_SUBJECTS

PREFIX: Final = "MCP_ATTEST"
"""Of every level and property that is not SLSA's (VSA v1, `verifiedLevels`: custom ones do not begin with `SLSA_`)."""

_TRACKS: Final[Mapping[str, Sequence[str | None]]] = {
    "RUNTIME": [name for name, _ in sorted(BINDING_RANK.items(), key=itemgetter(1))],
    "ISOLATION": [name for name, _ in sorted(ISOLATION_RANK.items(), key=itemgetter(1))],
    "PATH": [PathKind.SOLE],
}
"""Weakest first."""

_OF_VERIFIERS: Final = {"slsa-summary", "in-toto-result"}


class Conclusion(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for all subjects."""

    subjects: tuple[Subject, ...]
    slsa_level: int | None
    """By build provenance that was verified here; None if a subject has none."""
    levels: tuple[str, ...]
    """Our own, one a track: what kind of measurement matched, who measured, and whether calls had one way only."""
    properties: tuple[str, ...]
    """Axes and checks that passed."""


def conclude(verdicts: Sequence[Verdict], artifacts: Sequence[DigestSet]) -> Conclusion:
    """Return what verdicts that passed show; about `artifacts` if the caller named any, else all they are about.

    Raises `RefusedError` where they are about nothing that has a digest, or about too much for one statement.
    """
    subjects = _subjects(verdicts, artifacts)
    if not 0 < len(subjects) <= MAX_SUBJECTS:
        hint = "name the artifact that the result is to be about: --artifact"
        raise RefusedError("result", f"1 to {MAX_SUBJECTS} subjects", str(len(subjects)), hint=hint)
    about = [[each for each in verdicts if _is_about(each, subject)] for subject in subjects]
    levels = [_slsa_level(subject, found) for subject, found in zip(subjects, about, strict=True)]
    known = [level for level in levels if level is not None]
    spoiled = {name for verdict in verdicts for name, status in _statuses(verdict) if status is not Status.PASS}
    return Conclusion(
        subjects=subjects,
        slsa_level=min(known) if known and len(known) == len(levels) else None,
        levels=tuple(_tracks(about)),
        properties=tuple(name for name in _shared_properties(about) if name not in spoiled),
    )


def _subjects(verdicts: Sequence[Verdict], artifacts: Sequence[DigestSet]) -> tuple[Subject, ...]:
    found = tuple(dict.fromkeys(subject for verdict in verdicts for subject in verdict.subjects))
    if not artifacts:
        return found
    return tuple(each for each in found if any(each.digest.matches(artifact) for artifact in artifacts))


def _is_about(verdict: Verdict, subject: Subject) -> bool:
    return any(subject.digest.matches(each.digest) for each in verdict.subjects)


def _slsa_level(subject: Subject, verdicts: Iterable[Verdict]) -> int | None:
    found = [_level_of(piece, subject) for verdict in verdicts for piece in verdict.attestations]
    return max((level for level in found if level is not None), default=None)


def _level_of(piece: Attested, subject: Subject) -> int | None:
    # Another verifier's word, and his level nothing that was verified here.
    if piece.format in _OF_VERIFIERS or not any(subject.digest.matches(digest) for digest in piece.about):
        return None
    return piece.slsa_level


def _tracks(about: Sequence[Sequence[Verdict]]) -> Iterable[str]:
    """Return of each track the least that any subject has, of what the best file about it shows."""
    for track, words in _TRACKS.items():
        of_each = [
            [words.index(word) for each in found if (word := _measured(each).get(track)) in words] for found in about
        ]
        if of_each and all(of_each):
            yield _name(track, str(words[min(map(max, of_each))]))


def _measured(verdict: Verdict) -> dict[str, str | None]:
    """Return by track what a file shows about measurements; nothing where nobody looked at them here."""
    if verdict.kind is not Kind.EVIDENCE_BUNDLE or verdict.axes.conformance is not Status.PASS:
        return {}
    return {"RUNTIME": verdict.binding, "ISOLATION": verdict.isolation, "PATH": verdict.path}


def _shared_properties(about: Sequence[Sequence[Verdict]]) -> Iterable[str]:
    of_each = [dict.fromkeys(name for each in found for name, _ in _statuses(each)) for found in about]
    return reduce(lambda left, right: {name: None for name in left if name in right}, of_each) if of_each else ()


def _statuses(verdict: Verdict) -> Iterable[tuple[str, Status]]:
    for axis, status in verdict.axes.items():
        if status is not Status.NOT_APPLICABLE:
            yield _name(axis), status
    for check in verdict.checks:
        yield _name(check.id), check.status


def _name(*parts: str) -> str:
    return "_".join([PREFIX, *parts]).upper().replace("-", "_").replace(".", "_")
