"""A folder with everything at hand about a server (`--evidence DIR`): archives and build evidence, told by name."""

from __future__ import annotations

from pathlib import Path

from attest.errors import RefusedError, UnavailableError
from attest.measure.collectors import COLLECTORS

EVIDENCE = (".json", ".jsonl", ".dsse", ".att")


def sort_folder(folder: Path) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """Return (archives, build evidence) of a folder, sorted by name; a file that is neither is refused, not skipped."""
    try:
        paths = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise UnavailableError(str(folder), "a readable directory", error.strerror or "an error") from error
    evidence = tuple(path for path in paths if path.suffix in EVIDENCE)
    archives = tuple(path for path in paths if path not in evidence and _is_archive(path))
    for path in paths:
        if path not in archives and path not in evidence:
            raise RefusedError(
                str(path), f"an archive ({', '.join(COLLECTORS)}) or {', '.join(EVIDENCE)}", "another file"
            )
    return archives, evidence


def _is_archive(path: Path) -> bool:
    return any(collector.recognises(path) for collector in COLLECTORS.values())
