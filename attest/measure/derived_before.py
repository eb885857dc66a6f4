"""Byte code that was derived in an earlier look: as long as it and its sources are the same, it is what it was.

What a .pyc follows from is one sealed source, in the directory above. Where both directories hold what they held when
all of it was derived, nothing is asked again: else a usual environment costs more rules than reading it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from attest.measure.derivations import python_bytecode
from attest.statement.observation import Derivation, Key, Trouble
from attest.statement.packed_entries import PackedEntries, folder_of
from attest.statement.packed_files import FolderKey, PackedFiles, PackedFolder


@dataclass(frozen=True, kw_only=True)
class _Folder:
    """A directory of byte code, the one of its sources, and what was derived."""

    compiled: PackedFolder
    sources: PackedFolder
    derivations: Mapping[Key, Derivation]


@dataclass(frozen=True, kw_only=True)
class Same:
    """The directories of byte code that are as they were, and the derivations of all that lies there."""

    folders: frozenset[FolderKey]
    derivations: Mapping[Key, Derivation]


class DerivedBefore:
    """What one reference's byte code was when it was looked at last. Used by one thread at a time."""

    def __init__(self) -> None:
        """Begin without any."""
        self._folders: dict[FolderKey, _Folder] = {}

    def find(self, files: PackedFiles) -> Same:
        """Return what is as it was, and whose sources are; anything else is forgotten."""
        self._folders = {key: before for key, before in self._folders.items() if _is_same(key, before, files)}
        derivations: dict[Key, Derivation] = {}
        for before in self._folders.values():
            derivations.update(before.derivations)
        return Same(folders=frozenset(self._folders), derivations=derivations)

    def keep(
        self, files: PackedFiles, entries: PackedEntries, outcomes: Mapping[Key, Derivation | Trouble | None]
    ) -> None:
        """Remember directories too in which every file follows as sealed from a source that was seen as sealed."""
        by_folder: dict[FolderKey, dict[Key, Derivation]] = {}
        for key, outcome in outcomes.items():
            if folder_of(key) in self._folders:
                continue
            if isinstance(outcome, Derivation) and _follows(key, outcome, files, entries):
                by_folder.setdefault(folder_of(key), {})[key] = outcome
        others = {folder_of(key) for key, entry in entries.single.items() if entry.rule != python_bytecode.NAME}
        for key, derivations in by_folder.items():
            compiled, sources = files.folders.get(key), files.folders.get(folder_of(key))
            if key in others or key in entries.folders or compiled is None or sources is None:
                continue
            if len(derivations) == compiled.number:
                self._folders[key] = _Folder(compiled=compiled, sources=sources, derivations=derivations)


def _follows(key: Key, outcome: Derivation, files: PackedFiles, entries: PackedEntries) -> bool:
    entry, source = entries.single.get(key), python_bytecode.source_of(key)
    if entry is None or source is None or key in files.single or source in files.single:
        return False
    if (outcome.rule, outcome.inputs) != (entry.rule, entry.inputs) or outcome.rule != python_bytecode.NAME:
        return False
    seen, sealed = files.get(source), entries.sha256(source)
    return seen is not None and sealed is not None and seen.sha256 == sealed


def _is_same(key: FolderKey, before: _Folder, files: PackedFiles) -> bool:
    compiled, sources = files.folders.get(key), files.folders.get(folder_of(key))
    if compiled is None or sources is None:
        return False
    one, other = (compiled.names, compiled.cores), (sources.names, sources.cores)
    return one == (before.compiled.names, before.compiled.cores) and other == (
        before.sources.names,
        before.sources.cores,
    )
