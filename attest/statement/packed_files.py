"""What was seen, in little memory: the plain files of a directory as a few strings of bytes, all others one by one.

A record a file takes half a kilobyte, and longer to make than the file takes to open. Packed, it takes 57 bytes and its
name, and a directory that is as sealed is known by comparing bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple, Protocol

from attest.statement.manifest import FileKind
from attest.statement.observation import Key, Observed

FolderKey = tuple[str, str]
"""(root name, relative path of a directory, empty for the root itself)."""

CORE: Final = struct.Struct("<32s?")
"""What makes a file what it is: SHA-256, whether it is executable."""
SIZE: Final = struct.Struct("<q")
IDENTITY: Final = struct.Struct("<QQ")
"""Device and inode."""


class Packed(Protocol):
    """What a look and a manifest both say of a directory."""

    @property
    def names(self) -> bytes:
        """In UTF-8, sorted, with a zero byte between them."""

    @property
    def cores(self) -> bytes:
        """A `CORE` each."""

    @property
    def sizes(self) -> bytes | None:
        """A `SIZE` each (bytes); None if none is sealed."""


class PackedFolder(NamedTuple):
    """The plain files of one directory: nothing special about them, and no trouble with them."""

    names: bytes
    """In UTF-8, sorted, with a zero byte between them."""
    cores: bytes
    """A `CORE` each."""
    sizes: bytes
    """A `SIZE` each (bytes)."""
    identities: bytes
    """An `IDENTITY` each."""

    @property
    def number(self) -> int:
        """How many there are."""
        return len(self.cores) // CORE.size

    def sharing(self, other: Packed | None) -> PackedFolder:
        """Return the same, in the memory of another one as far as they are equal."""
        if other is None:
            return self
        return PackedFolder(
            other.names if other.names == self.names else self.names,
            other.cores if other.cores == self.cores else self.cores,
            other.sizes if other.sizes is not None and other.sizes == self.sizes else self.sizes,
            self.identities,
        )

    def split(self) -> list[str]:
        """Return the names."""
        return split_names(self.names)

    def each(self) -> Iterator[tuple[bytes, int, int, int]]:
        """Yield of each file its core, size, device and inode."""
        for place in range(self.number):
            core = self.cores[place * CORE.size : (place + 1) * CORE.size]
            yield core, *SIZE.unpack_from(self.sizes, place * SIZE.size), *_identity(self.identities, place)

    def at(self, root: str, path: str, place: int) -> Observed:
        """Return the file in a place, whose path is known."""
        digest, executable = CORE.unpack_from(self.cores, place * CORE.size)
        device, inode = IDENTITY.unpack_from(self.identities, place * IDENTITY.size)
        (size,) = SIZE.unpack_from(self.sizes, place * SIZE.size)
        return Observed(
            root=root,
            path=path,
            type_=FileKind.FILE,
            size=size,
            sha256=digest.hex(),
            executable=executable,
            device=device,
            inode=inode,
        )


class PackedFiles(Mapping[Key, Observed]):
    """Files by key, made anew each time they are asked for; `single` are those that are not packed."""

    def __init__(self, folders: Mapping[FolderKey, PackedFolder], single: Mapping[Key, Observed]) -> None:
        """No file may be both."""
        self.folders = folders
        self.single = single
        self._last: tuple[FolderKey, Mapping[str, int]] = (("", ""), {})

    def __getitem__(self, key: Key) -> Observed:
        """Return a file; `KeyError` if there is none."""
        found = self.single.get(key)
        if found is not None:
            return found
        packed, place = self._find(key)
        return packed.at(*key, place)

    def __contains__(self, key: object) -> bool:
        """Return whether there is such a file."""
        if key in self.single:
            return True
        try:
            self._find(key)  # type: ignore[arg-type]  # what is no key is not found
        except (KeyError, TypeError, ValueError):
            return False
        return True

    def __len__(self) -> int:
        """How many files there are."""
        return sum(packed.number for packed in self.folders.values()) + len(self.single)

    def __iter__(self) -> Iterator[Key]:
        """Yield all keys, those of one directory together."""
        for (root, folder), packed in self.folders.items():
            prefix = f"{folder}/" if folder else ""
            yield from ((root, prefix + name) for name in packed.split())
        yield from self.single

    def outside(self, settled: frozenset[FolderKey]) -> Iterator[tuple[Key, Observed]]:
        """Yield the files that are not packed in one of these directories."""
        for key, packed in self.folders.items():
            if key not in settled:
                yield from _unpacked(key, packed)
        yield from self.single.items()

    def bytes_hashed(self) -> int:
        """Return how many bytes all files have of which the digest is known."""
        packed = sum(sum(memoryview(each.sizes).cast("q")) for each in self.folders.values())
        return packed + sum(each.size or 0 for each in self.single.values() if each.sha256 is not None)

    def count_hashed(self) -> int:
        """Return of how many files the digest is known."""
        packed = sum(each.number for each in self.folders.values())
        return packed + sum(each.sha256 is not None for each in self.single.values())

    def having(self, inodes: frozenset[int]) -> Iterator[Observed]:
        """Yield the files that have one of these inodes, on whatever device."""
        for key, packed in self.folders.items():
            if not inodes.isdisjoint(memoryview(packed.identities).cast("Q")[1::2]):
                yield from (seen for _, seen in _unpacked(key, packed) if seen.inode in inodes)
        yield from (seen for seen in self.single.values() if seen.inode in inodes)

    def all_folders(self) -> frozenset[FolderKey]:
        """Return the directories in which files were seen."""
        return frozenset((*self.folders, *((root, path.rpartition("/")[0]) for root, path in self.single)))

    def _find(self, key: Key) -> tuple[PackedFolder, int]:
        root, path = key
        folder, _, name = path.rpartition("/")
        where = root, folder
        packed = self.folders[where]
        # Who asks for many asks for those of one directory after another. Read once: other threads may ask as well.
        last = self._last
        if last[0] != where or not last[1]:
            last = self._last = where, {each: place for place, each in enumerate(packed.split())}
        return packed, last[1][name]


def _identity(identities: bytes, place: int) -> tuple[int, int]:
    device, inode = IDENTITY.unpack_from(identities, place * IDENTITY.size)
    return device, inode


def as_packed(files: Mapping[Key, Observed]) -> PackedFiles:
    """Return files as packed ones; those that are not, each by itself."""
    return files if isinstance(files, PackedFiles) else PackedFiles({}, files)


def split_names(names: bytes) -> list[str]:
    """Return the names of a directory."""
    return names.decode().split("\0") if names else []


def _unpacked(key: FolderKey, packed: PackedFolder) -> Iterator[tuple[Key, Observed]]:
    root, folder = key
    prefix = f"{folder}/" if folder else ""
    for place, name in enumerate(packed.split()):
        path = prefix + name
        yield (root, path), packed.at(root, path, place)
