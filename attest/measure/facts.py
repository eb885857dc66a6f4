"""What rules may know: what was seen, and which of it is sealed.

The observed tree is hostile. A rule may take as input only content that `sealed` vouches for, and
what `read` returns: bytes that have the digest that was observed.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Final

from attest.errors import UnavailableError
from attest.measure.places import absolute_of, locate
from attest.measure.trail import real_path
from attest.statement.manifest import FileKind
from attest.statement.observation import Key, Observation, Observed

MAX_READ_BYTES: Final = 16 * 1024 * 1024
"""Largest file that a rule reads: source text and what installers write stay far below."""

_KEPT_BYTES: Final = 64 * 1024
"""Largest file whose content is kept between cycles."""
_KEPT_TOTAL: Final = 16 * 1024 * 1024


class Contents:
    """Small files by digest, so that a steady cycle reads none of them twice."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}
        self._total = 0

    def get(self, sha256: str) -> bytes | None:
        """Return the bytes with this digest if they are kept."""
        return self._kept.get(sha256)

    def keep(self, sha256: str, octets: bytes) -> None:
        """Keep small content; when too much is kept, start anew."""
        if len(octets) > _KEPT_BYTES:
            return
        if self._total + len(octets) > _KEPT_TOTAL:
            self._kept.clear()
            self._total = 0
        self._kept[sha256] = octets
        self._total += len(octets)


@dataclass(frozen=True, kw_only=True)
class Facts:
    """One observation and what is sealed about it.

    `known` holds the SHA-256 of sealed files (bound, listed, site; not derived ones), `archives`
    the file names of the bound archives by their SHA-256, `promised` the sealed inputs of derived
    entries by key, of which rules compare those of the form `name=value`.
    """

    observation: Observation
    known: Mapping[Key, str]
    archives: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    integrities: frozenset[str] = frozenset()
    """The SHA-512 of the bound archives, in hexadecimal digits, by which lock files of npm name them."""
    promised: Mapping[Key, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    derived: frozenset[Key] = frozenset()
    """What rules of an earlier stage have explained; filled in by the `Deriver`."""
    contents: Contents = field(default_factory=Contents)
    prefix: str = ""
    """What goes before a path to read it: the root directory of the process whose files these are."""
    outside: str = ""
    """The same for the content of a file that nobody measures (`attest.measure.standpoint`)."""

    def observed(self, key: Key) -> Observed | None:
        """Return what was seen there, if anything."""
        return self.observation.files.get(key)

    def sealed(self, key: Key) -> bool:
        """Return whether this is a sealed file and was seen with its sealed content."""
        expected = self.known.get(key)
        seen = self.observation.files.get(key)
        return expected is not None and seen is not None and seen.sha256 == expected

    def explained(self, key: Key) -> bool:
        """Return whether the file is sealed, or a rule has derived it already."""
        return key in self.derived or self.sealed(key)

    def in_doubt(self, key: Key) -> bool:
        """Return whether this is a sealed file that was not read properly, so that nobody knows what it holds."""
        seen = self.observation.files.get(key)
        return seen is not None and seen.trouble is not None and (key in self.known or key in self.promised)

    def promise(self, key: Key, name: str) -> str | None:
        """Return the sealed parameter `name` of the derived file at `key`."""
        start = f"{name}="
        for given in self.promised.get(key, ()):
            if given.startswith(start):
                return given[len(start) :]
        return None

    def promised_files(self, key: Key) -> tuple[Key, ...]:
        """Return the files among the sealed inputs of the derived file at `key`."""
        split = (given.partition("/") for given in self.promised.get(key, ()))
        return tuple((root, path) for root, _, path in split if root in self.observation.places)

    def place(self, root: str) -> str:
        """Return the absolute path of a root's directory."""
        return self.observation.places[root]

    def spellings(self, root: str) -> tuple[str, ...]:
        """Return the place of a root as given and with all links resolved, each once."""
        return self._spellings[root]

    @cached_property
    def _spellings(self) -> Mapping[str, tuple[str, ...]]:
        places = self.observation.places
        return {root: tuple(dict.fromkeys((place, self.real(place)))) for root, place in places.items()}

    def real(self, path: str) -> str:
        """Return an absolute path with every link followed, as it is for the process whose files these are."""
        return real_path(path, self.prefix)

    def absolute(self, key: Key) -> str:
        """Return the absolute path of a file, as its root was given."""
        return absolute_of(self.observation.places, key)

    def locate(self, absolute: str) -> Key | None:
        """Return root and path of an absolute path below one of the roots."""
        return locate(self.observation.places, absolute)

    @cached_property
    def entry_points(self) -> tuple[Key, ...]:
        """The sealed `entry_points.txt` of all installed distributions."""
        tail = ".dist-info/entry_points.txt"
        return tuple(key for key in self.known if key[1].endswith(tail) and self.sealed(key))

    def read(self, key: Key, max_bytes: int = MAX_READ_BYTES) -> bytes:
        """Return the content that was observed at `key`.

        Raises `UnavailableError` if it is no longer that content, too large or not readable; the
        directories on the way are not protected against links, which the digest makes harmless.
        """
        seen = self.observation.files.get(key)
        where = f"{key[0]}/{key[1]}"
        if seen is None or seen.type_ is not FileKind.FILE or seen.sha256 is None:
            raise UnavailableError(where, "a file that was read", "none")
        if (kept := self.contents.get(seen.sha256)) is not None:
            return kept
        if seen.size is None or seen.size > max_bytes:
            raise UnavailableError(where, f"at most {max_bytes} bytes", f"{seen.size}")
        octets = self._read(key, seen.size, seen.sha256)
        self.contents.keep(seen.sha256, octets)
        return octets

    def read_once(self, key: Key) -> bytes:
        """As `read`, for what is read again only if its digest is another one: it is not kept."""
        seen = self.observation.files.get(key)
        where = f"{key[0]}/{key[1]}"
        if seen is None or seen.type_ is not FileKind.FILE or seen.sha256 is None or seen.size is None:
            raise UnavailableError(where, "a file that was read", "none")
        if seen.size > MAX_READ_BYTES:
            raise UnavailableError(where, f"at most {MAX_READ_BYTES} bytes", f"{seen.size}")
        return self._read(key, seen.size, seen.sha256)

    def _read(self, key: Key, size: int, sha256: str) -> bytes:
        where = f"{key[0]}/{key[1]}"
        octets = _read_at_most(f"{self.prefix}{self.absolute(key)}", size + 1, where)
        if hashlib.sha256(octets).hexdigest() != sha256:
            raise UnavailableError(where, "the content seen a moment ago", "other content")
        return octets


def _read_at_most(path: str, size: int, where: str) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise UnavailableError(where, "a readable file", type(error).__name__) from error
    try:
        with open(descriptor, "rb", closefd=True) as stream:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise UnavailableError(where, "a regular file", "something else")
            return stream.read(size)
    except OSError as error:
        raise UnavailableError(where, "a readable file", type(error).__name__) from error
