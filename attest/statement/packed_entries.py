"""The entries of a manifest, in little memory: plain files packed by directory as they are when they are looked at.

What is sealed of a file known by content, and of byte code whose digest was seen when it was made again, stands in the
same bytes as what a look finds. So a directory that is as sealed is told by comparing two strings of bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from attest.statement.levels import Origin
from attest.statement.manifest import Entry, FileKind, entry_key
from attest.statement.observation import Key
from attest.statement.packed_files import CORE, SIZE, FolderKey, PackedFiles, split_names

_MORE: Final = struct.Struct("<bi")
"""Of an entry known by content: its origin, the number of its archive. Of byte code: `_DERIVED`, and nothing."""
_ORIGINS: Final = tuple(Origin)
_DERIVED: Final = -1
_NO_ARTIFACT: Final = -1
_ANY_SIZE: Final = 0
"""Of byte code only the digest is sealed."""


class SealedFolder(NamedTuple):
    """The entries of one directory that are packed, sorted by name."""

    names: bytes
    """In UTF-8, with a zero byte between them."""
    cores: bytes
    """A `CORE` each, as of `PackedFolder`."""
    sizes: bytes | None
    """A `SIZE` each; None if no entry has one. Of both kinds: not to be compared as a whole."""
    more: bytes
    """A `_MORE` each."""
    mixed: bool
    derived: int
    """How many are byte code."""


class PackedEntries(Mapping[Key, Entry]):
    """Entries by key, those of packed files made anew each time they are asked for."""

    def __init__(self, folders: Mapping[FolderKey, SealedFolder], single: Mapping[Key, Entry]) -> None:
        """`single` are the entries that are more than a core; byte code has both."""
        self.folders = folders
        self.single = single
        self._last: tuple[FolderKey, Mapping[str, int]] = (("", ""), {})
        self.total_bytes: Final = sum(sum(memoryview(each.sizes or b"").cast("q")) for each in folders.values())
        """Of the files that are sealed by their content."""
        self._count = sum(1 for each in single.values() if each.seen is None) + sum(
            len(each.cores) // CORE.size for each in folders.values()
        )

    def __getitem__(self, key: Key) -> Entry:
        """Return an entry; `KeyError` if there is none."""
        found = self.single.get(key)
        if found is not None:
            return found
        packed, place = self._find(key)
        return _entry(packed, key, place)

    def __contains__(self, key: object) -> bool:
        """Return whether there is such an entry."""
        if key in self.single:
            return True
        try:
            self._find(key)  # type: ignore[arg-type]  # what is no key is not found
        except (KeyError, TypeError, ValueError):
            return False
        return True

    def __len__(self) -> int:
        """How many entries there are."""
        return self._count

    def __iter__(self) -> Iterator[Key]:
        """Yield all keys."""
        yield from self.single
        yield from (key for key, _, _ in self._plain(frozenset()))

    def outside(
        self, settled: frozenset[FolderKey], made: frozenset[FolderKey] = frozenset()
    ) -> Iterator[tuple[Key, Entry]]:
        """Yield the entries that are not packed in one of the `settled` directories, nor in one of those `made`."""
        for key, entry in self.single.items():
            folder = folder_of(key)
            if folder not in made and (entry.seen is None or folder not in settled):
                yield key, entry
        for key, packed, place in self._plain(settled):
            yield key, _entry(packed, key, place)

    def settled(self, files: PackedFiles) -> frozenset[FolderKey]:
        """Return the directories whose packed files are exactly the packed entries, content and executable bit."""
        return frozenset(key for key, sealed in self.folders.items() if _is_settled(sealed, files, key))

    def count_derived(self, settled: frozenset[FolderKey]) -> int:
        """Return how many files of these directories are byte code that is as it was seen."""
        return sum(self.folders[key].derived for key in settled)

    def sha256(self, key: Key) -> str | None:
        """Return the digest of a file that is sealed by its content."""
        if key in self.single:
            return None
        try:
            packed, place = self._find(key)
        except KeyError:
            return None
        return packed.cores[place * CORE.size : (place + 1) * CORE.size - 1].hex()

    def plain(self) -> Iterator[Key]:
        """Yield the keys of the files that are sealed by their content."""
        yield from (key for key, _, _ in self._plain(frozenset()))

    def has_digest(self, sha256: str) -> bool:
        """Return whether a file is sealed with this digest, be it byte code as it was seen."""
        digest = bytes.fromhex(sha256)
        return any(_has_digest(packed.cores, digest) for packed in self.folders.values())

    def digests(self) -> Iterator[str]:
        """Yield the digests of all sealed files, also of derived ones as they were seen."""
        for packed in self.folders.values():
            yield from (digest.hex() for digest, _ in CORE.iter_unpack(packed.cores))

    def paths_in(self, root: str) -> Iterator[str]:
        """Yield the paths of all entries in a root."""
        yield from (path for name, path in self.single if name == root)
        yield from (key[1] for key, _, _ in self._plain({key for key in self.folders if key[0] != root}))

    def _plain(self, settled: AbstractSet[FolderKey]) -> Iterator[tuple[Key, SealedFolder, int]]:
        """Yield where the entries lie that are nothing but packed."""
        for where, packed in self.folders.items():
            if where in settled or packed.sizes is None:
                continue
            root, folder = where
            prefix = f"{folder}/" if folder else ""
            for place, name in enumerate(split_names(packed.names)):
                if packed.more[place * _MORE.size] != _DERIVED & 0xFF:
                    yield (root, prefix + name), packed, place

    def _find(self, key: Key) -> tuple[SealedFolder, int]:
        _, path = key
        where = folder_of(key)
        packed = self.folders[where]
        # See `PackedFiles`: the last directory is remembered.
        last = self._last
        if last[0] != where or not last[1]:
            last = self._last = where, {each: place for place, each in enumerate(split_names(packed.names))}
        return packed, last[1][path.rpartition("/")[2]]


class KnownDigests(Mapping[Key, str]):
    """The SHA-256 of the files that are sealed by their content."""

    def __init__(self, entries: PackedEntries) -> None:
        """Show them of these entries."""
        self._entries = entries

    def __getitem__(self, key: Key) -> str:
        """Return a digest; `KeyError` if there is none."""
        found = self._entries.sha256(key)
        if found is None:
            raise KeyError(key)
        return found

    def __contains__(self, key: object) -> bool:
        """Return whether there is one; what is no key has none."""
        return isinstance(key, tuple) and self._entries.sha256(key) is not None

    def __len__(self) -> int:
        """Return how many there are."""
        return sum(1 for _ in self)

    def __iter__(self) -> Iterator[Key]:
        """Yield the keys."""
        return self._entries.plain()


class SealedDigests(Collection[str]):
    """The SHA-256 of all sealed files, also of derived ones as they were seen; one of several files more than once."""

    def __init__(self, entries: PackedEntries) -> None:
        """Show them of these entries."""
        self._entries = entries

    def __contains__(self, sha256: object) -> bool:
        """Return whether a file is sealed with this digest."""
        return isinstance(sha256, str) and self._entries.has_digest(sha256)

    def __len__(self) -> int:
        """Return of how many files there is one."""
        return sum(1 for _ in self)

    def __iter__(self) -> Iterator[str]:
        """Yield them."""
        return self._entries.digests()


class EntryPacker:
    """Takes the entries of a manifest one by one, in its order."""

    def __init__(self) -> None:
        """Begin without any."""
        self._folders: dict[FolderKey, _Growing] = {}
        self._single: dict[Key, Entry] = {}

    def take(self, entry: Entry) -> None:
        """Add an entry."""
        key = entry.root, entry.path
        if entry.sha256 is None:
            self._single[key] = entry
        digest = entry.sha256 or entry.seen
        if digest is not None:
            folder = self._folders.setdefault(folder_of(key), _Growing())
            folder.take(entry, bytes.fromhex(digest))

    def packed(self) -> PackedEntries:
        """Return all entries that were taken."""
        return PackedEntries({key: each.packed() for key, each in self._folders.items()}, self._single)


@dataclass(kw_only=True, slots=True)
class _Growing:
    """The entries of a directory while they are read."""

    names: bytearray = field(default_factory=bytearray)
    cores: bytearray = field(default_factory=bytearray)
    sizes: bytearray = field(default_factory=bytearray)
    more: bytearray = field(default_factory=bytearray)
    derived: int = 0

    def take(self, entry: Entry, digest: bytes) -> None:
        if self.cores:
            self.names += b"\0"
        self.names += entry.path.rpartition("/")[2].encode()
        self.cores += CORE.pack(digest, bool(entry.executable))
        self.sizes += SIZE.pack(entry.size or _ANY_SIZE)
        derived = entry.sha256 is None
        self.derived += derived
        artifact = _NO_ARTIFACT if entry.artifact is None else entry.artifact
        self.more += _MORE.pack(_DERIVED if derived else _ORIGINS.index(entry.origin), artifact)

    def packed(self) -> SealedFolder:
        count = len(self.cores) // CORE.size
        return SealedFolder(
            names=bytes(self.names),
            cores=bytes(self.cores),
            sizes=None if self.derived == count else bytes(self.sizes),
            more=bytes(self.more),
            mixed=0 < self.derived < count,
            derived=self.derived,
        )


def pack_entries(entries: Iterable[Entry]) -> PackedEntries:
    """Pack entries that come in any order."""
    packer = EntryPacker()
    for entry in sorted(entries, key=entry_key):
        packer.take(entry)
    return packer.packed()


def as_packed_entries(entries: Mapping[Key, Entry]) -> PackedEntries:
    """Return entries as packed ones; those that are not, are packed."""
    return entries if isinstance(entries, PackedEntries) else pack_entries(entries.values())


def folder_of(key: Key) -> FolderKey:
    """Return in which directory a file lies."""
    return key[0], key[1].rpartition("/")[0]


def _entry(packed: SealedFolder, key: Key, place: int) -> Entry:
    digest, executable = CORE.unpack_from(packed.cores, place * CORE.size)
    origin, artifact = _MORE.unpack_from(packed.more, place * _MORE.size)
    (size,) = SIZE.unpack_from(packed.sizes or b"", place * SIZE.size)
    return Entry(
        root=key[0],
        path=key[1],
        type_=FileKind.FILE,
        origin=_ORIGINS[origin],
        size=size,
        sha256=digest.hex(),
        executable=executable,
        artifact=None if artifact == _NO_ARTIFACT else artifact,
    )


def _is_settled(sealed: SealedFolder, files: PackedFiles, key: FolderKey) -> bool:
    seen = files.folders.get(key)
    if seen is None or sealed.mixed or seen.names != sealed.names or seen.cores != sealed.cores:
        return False
    return sealed.sizes is None or seen.sizes == sealed.sizes


def _has_digest(cores: bytes, digest: bytes) -> bool:
    at = cores.find(digest)
    while at >= 0:
        if at % CORE.size == 0:
            return True
        at = cores.find(digest, at + 1)
    return False
