"""A folder with everything at hand about a server (`--evidence DIR`): archives and build evidence, told apart.

What is named like build evidence is, so that damaged evidence is complained about and not passed over. Then come the
archives, by their names or first bytes; then what a reader of evidence recognises, since a lock file may be called
anything.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from attest.codec.files import read_file
from attest.errors import RefusedError, UnavailableError
from attest.measure.collectors import COLLECTORS
from attest.provenance.sources import SOURCES
from attest.statement.attachments import MAX_ATTACHMENT_BYTES

EVIDENCE: Final = (".json", ".jsonl", ".dsse", ".att", ".sigstore", ".slsa", ".link", ".layout")
_LARGE: Final = MAX_ATTACHMENT_BYTES
"""What is larger than any build evidence is not even looked into."""


def sort_folder(folder: Path) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """Return (archives, build evidence) of a folder, sorted by name; a file that is neither is refused, not skipped."""
    try:
        paths = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
        archives = tuple(path for path in paths if path.suffix not in EVIDENCE and _is_archive(path))
        evidence = tuple(path for path in paths if path not in archives and _is_evidence(path))
    except OSError as error:
        raise UnavailableError(str(folder), "a readable directory", error.strerror or "an error") from error
    for path in paths:
        if path not in archives and path not in evidence:
            raise RefusedError(str(path), f"an archive ({', '.join(COLLECTORS)}) or build evidence", "another file")
    return archives, evidence


def sort_folders(folders: Iterable[Path]) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """Return the (archives, build evidence) of several folders: those of several trees, for one."""
    archives: list[Path] = []
    evidence: list[Path] = []
    for folder in folders:
        some, more = sort_folder(folder)
        archives += some
        evidence += more
    return tuple(archives), tuple(evidence)


def _is_evidence(path: Path) -> bool:
    if path.suffix in EVIDENCE:
        return True
    if not path.is_file() or path.stat().st_size > _LARGE:
        return False
    octets = read_file(path, max_bytes=_LARGE)
    return any(source.recognises(octets) for source in SOURCES.values())


def _is_archive(path: Path) -> bool:
    return any(collector.recognises(path) for collector in COLLECTORS.values())
