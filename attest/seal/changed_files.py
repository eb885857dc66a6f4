"""Which files are not what they were, and which changed package explains it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from attest.seal.changed_packages import package_of
from attest.seal.differences import FileChange, How, Side
from attest.statement.levels import ORIGIN_RANK, Origin
from attest.statement.manifest import Entry
from attest.statement.observation import Key

_Named = Mapping[Key, tuple[Entry, str | None]]
"""Entries with the packages that they are of."""

_CONTENT: Final = ("type_", "size", "sha256", "executable", "target", "rule", "inputs")
"""What makes a file another one; `seen` does not, as byte code is made again, and `artifact` is a number."""


def changed_files(old: Side, new: Side, *, moved: Collection[str], changed: Collection[str]) -> Iterator[FileChange]:
    """Yield each file that differs, or that is known less or better than before.

    `moved` are packages that are other archives now. Those that `changed` in any way say themselves how well they are
    known, for all of their files.
    """
    was, now = _named(old), _named(new)
    for key in sorted(was.keys() | now.keys()):
        before, old_package = was.get(key, (None, None))
        after, new_package = now.get(key, (None, None))
        path = "/".join(key)
        if before is None or after is None or _content(before) != _content(after):
            yield FileChange(
                path=path,
                how=How.ADDED if before is None else How.REMOVED if after is None else How.CHANGED,
                old=_said(before),
                new=_said(after),
                package=next((name for name in (new_package, old_package) if name in moved), None),
            )
        elif (before.origin, before.rank) != (after.origin, after.rank) and new_package not in changed:
            less = _rank(after) < _rank(before)
            how = How.LESS_KNOWN if less else How.BETTER_KNOWN
            yield FileChange(path=path, how=how, old=_known(before), new=_known(after))


def _named(side: Side) -> _Named:
    names = {
        digest: package_of(artifact)[0]
        for artifact in side.reference.artifacts
        if (digest := artifact.digest.sha256) is not None
    }
    return {
        (entry.root, entry.path): (
            entry,
            None if entry.artifact is None else names.get(side.artifacts[entry.artifact]),
        )
        for entry in side.entries
    }


def _content(entry: Entry) -> tuple[object, ...]:
    return tuple(getattr(entry, name) for name in _CONTENT)


def _said(entry: Entry | None) -> str | None:
    if entry is None:
        return None
    if entry.rule is not None:
        return f"by rule {entry.rule} from {', '.join(entry.inputs) or 'nothing'}"
    if entry.target is not None:
        return f"-> {entry.target}"
    return f"sha256:{entry.sha256}{' executable' if entry.executable else ''}"


def _known(entry: Entry) -> str:
    return entry.origin if entry.rank is None else f"{entry.origin} from {entry.rank}"


def _rank(entry: Entry) -> int:
    return ORIGIN_RANK[Origin(entry.rank or entry.origin)]
