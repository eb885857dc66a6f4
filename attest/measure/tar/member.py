"""What is in a tar archive, and which of it a caller takes: one record a member, one a kind of archive."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from attest.errors import MalformedError


class MemberKind(StrEnum):
    """What a member is."""

    FILE = "file"
    DIRECTORY = "directory"
    LINK = "link"
    """A symbolic one."""
    HARD_LINK = "hard link"
    SPECIAL = "special"
    """A device or a FIFO."""


class Names(StrEnum):
    """When two names count as one, and their archive as ambiguous."""

    EXACT = "exact"
    FOLDED = "folded"
    """Also under case folding and Unicode normalisation, as on the file systems of macOS and Windows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TarMember:
    """One member, after all headers that speak about it."""

    path: str
    """Relative and normalised, without `./` before it and `/` after it."""
    kind: MemberKind
    size: int
    executable: bool
    """Any of the three bits."""
    special: bool
    """Setuid or setgid."""
    target: str | None = None
    """Where a link leads: as it is written, which may be anywhere."""


@dataclass(frozen=True, kw_only=True)
class TarRules:
    """What one kind of archive may hold; everything else is refused."""

    kinds: frozenset[MemberKind]
    names: Names = Names.FOLDED
    leading_dot: bool = False
    """Whether names may begin with `./`, which readers that strip the first component read apart."""
    inner_dot: bool = False
    """Whether names may have `.` behind their first component, which every reader passes over."""
    files_twice: bool = False
    """Whether a file may be there twice; whoever reads it has to hold the second content against the first."""
    special_bits: bool = False
    """Whether programs may be setuid or setgid."""
    max_members: int = 65_534
    max_member_bytes: int = 4 * 1024 * 1024 * 1024
    max_total_bytes: int = 16 * 1024 * 1024 * 1024


ENTRIES: Final = frozenset({MemberKind.FILE, MemberKind.DIRECTORY})
"""All that a package needs."""


def refused(where: str, path: str, expected: str, found: str) -> MalformedError:
    """Return the error of one member; its name is the archive's and made harmless."""
    return MalformedError(where, f"{ascii(path)[1:-1][:200]} {expected}", found)
