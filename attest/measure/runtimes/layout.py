"""What a kind of runtime is: how it is recognised by its executable, and where its files lie."""

from __future__ import annotations

import mmap
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Where the files of one runtime lie; absolute paths, as its executable spells them."""

    name: str
    """Under which servers name it: the same after every update that servers need not notice."""
    version: str | None = None
    purl: str | None = None
    prefix: str
    library: str | None = None
    """The directory of the standard library, of which everything counts."""
    others: tuple[str, ...] = ()
    """Directories in `library` for packages that are not part of it."""
    files: tuple[str, ...] = ()
    """Single files beside the executable and what it is linked to."""
    absent: tuple[str, ...] = ()
    """Where nothing may lie, because the runtime would load it or be led astray by it."""
    modules: tuple[str, ...] = ()
    """Further ELF files whose libraries count."""
    outside: tuple[str, ...] = ()
    """What it loads from elsewhere; stated, not measured."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RuntimeKind:
    """One way in which runtimes are laid out."""

    name: str
    recognises: Callable[[Path], bool]
    """Whether an executable, all links followed, is one of this kind."""
    lay_out: Callable[[Path], Layout]
    """Raises `RefusedError` or `UnavailableError`."""


def find_in(paths: Iterable[Path], pattern: bytes) -> str | None:
    """Return the first group of a pattern in the first file that has it; a file that is not there has nothing."""
    compiled = re.compile(pattern)
    for path in paths:
        try:
            with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as octets:
                if (match := compiled.search(octets)) is not None:
                    return match[1].decode("ascii")
        except (OSError, ValueError):
            continue
    return None
