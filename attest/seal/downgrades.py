"""What a new reference has less evidence for than the one it supersedes: to be decided by a person, and recorded.

Whoever takes over a package can publish a newer version without provenance, or from another repository, and an update
would carry it in. So less is refused unless the sealer says why; the reference then says it to everybody who verifies.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from attest.errors import RefusedError
from attest.seal.changed_packages import package_of
from attest.statement.levels import ORIGIN_RANK
from attest.statement.predicates.runtime_reference import NO_FILE, Artifact, Downgrade, RuntimeReference

_RANK: Final = {origin.value: rank for origin, rank in ORIGIN_RANK.items()}
_SHOWN: Final = 5


class _Known(msgspec.Struct, frozen=True, kw_only=True):
    """The least that is known about the archives of one package."""

    origin: str
    level: int | None
    sources: frozenset[str]


def judge_downgrade(
    superseded: Sequence[RuntimeReference], reference: RuntimeReference, accepted: str | None
) -> RuntimeReference:
    """Return the reference, with the accepted downgrade recorded in it if there is one.

    Raises `RefusedError` for less evidence that nobody accepted, and for an acceptance where nothing is less.
    """
    less = tuple(dict.fromkeys(each for old in superseded for each in find_less(old, reference)))
    if not less and accepted is None:
        return reference
    if accepted is None:
        shown = "; ".join(less[:_SHOWN]) + (f"; and {len(less) - _SHOWN} more" if len(less) > _SHOWN else "")
        raise RefusedError(
            "--supersedes",
            "as much evidence as the superseded reference has",
            shown,
            hint="find out why; if that is right: --accept-downgrade 'REASON', which the reference will record",
        )
    if not less:
        raise RefusedError("--accept-downgrade", "less evidence than in a superseded reference", "no less")
    return msgspec.structs.replace(reference, downgrade=Downgrade(reason=accepted, less=less))


def find_less(old: RuntimeReference, new: RuntimeReference) -> Iterator[str]:
    """Yield what is known less well in `new` than in `old`: the weakest file, and each package that is in both."""
    if _rank(new.assurance.least) < _rank(old.assurance.least):
        yield f"the weakest file was {old.assurance.least} and is {new.assurance.least}"
    before, after = _packages(old), _packages(new)
    for name in sorted(before.keys() & after.keys()):
        was, now = before[name], after[name]
        if _rank(now.origin) < _rank(was.origin):
            yield f"{name} was {was.origin} and is {now.origin}"
        elif (now.level or 0) < (was.level or 0):
            yield f"{name} had SLSA Build level {was.level} and has {now.level or 'none'}"
        if was.sources and not now.sources <= was.sources:
            yield f"{name} came from {_told(was.sources)} and comes from {_told(now.sources - was.sources)}"


def _packages(reference: RuntimeReference) -> dict[str, _Known]:
    found: dict[str, list[Artifact]] = {}
    for artifact in reference.artifacts:
        found.setdefault(package_of(artifact)[0], []).append(artifact)
    return {name: _known(artifacts, reference) for name, artifacts in found.items()}


def _known(artifacts: Sequence[Artifact], reference: RuntimeReference) -> _Known:
    pieces = {piece.digest: piece for piece in reference.evidence}
    levels: list[int] = []
    sources: set[str] = set()
    for artifact in artifacts:
        said = [pieces[digest] for digest in artifact.evidence if digest in pieces]
        levels.append(max((piece.slsa_level or 0 for piece in said), default=0))
        sources.update(piece.source for piece in said if piece.source is not None)
    return _Known(
        origin=min((artifact.origin for artifact in artifacts), key=_rank),
        level=min(levels, default=0) or None,
        sources=frozenset(sources),
    )


def _rank(origin: str) -> int:
    return -1 if origin == NO_FILE else _RANK.get(origin, 0)


def _told(sources: frozenset[str]) -> str:
    return " and ".join(sorted(sources))
