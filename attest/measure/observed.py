"""What was seen: one record a file or link, and all of them together as a look-up by root and path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from attest.statement.findings import FindingKind
from attest.statement.manifest import FileKind

Key = tuple[str, str]
"""(root name, relative path)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    """Why something could not be observed properly; becomes a finding of this kind."""

    kind: FindingKind
    detail: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Observed:
    """One file or link, as it was found.

    A file has `size` (bytes), `sha256`, `executable` (any x bit), `special` (setuid or setgid) and `mtime_seconds`;
    a link has `target`. With `trouble` the rest may be missing. `type_` is None for what is neither file nor link
    (device, FIFO, socket).
    """

    root: str
    path: str
    type_: FileKind | None
    size: int | None = None
    sha256: str | None = None
    executable: bool | None = None
    special: bool = False
    mtime_seconds: int | None = None
    target: str | None = None
    trouble: Trouble | None = None

    @property
    def key(self) -> Key:
        """(root name, relative path)."""
        return self.root, self.path


@dataclass(frozen=True, kw_only=True)
class Observation:
    """All that one look at some roots found: files by key, and where each root lay."""

    files: Mapping[Key, Observed]
    places: Mapping[str, Path]
    started_at: int
    """Milliseconds since 1970, before the first read; age counts from here."""
    finished_at: int
