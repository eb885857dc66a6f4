"""What `-o` writes over: a file of the kind that is written, made anew. A key, or whatever else somebody has, never."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Final

from attest.cli.output import STANDARD
from attest.errors import AttestError, RefusedError, UnavailableError

Known = Callable[[bytes], bool]
"""Says of the first lines of a file, unpacked, whether it is of a kind."""

_LINES: Final = 2


def check_replaceable(path: Path, kind: str, is_kind: Known) -> None:
    """Refuse (`RefusedError`) a place where there is a file of another kind than this one, called `kind`.

    An empty one holds nothing, and what is no file at all (a pipe, a device) cannot be written over. A place where
    nothing can be written is found out here, too (`UnavailableError`), and not when all is done.
    """
    if path.is_dir() or not path.parent.is_dir():
        found = "a folder" if path.is_dir() else f"no folder {path.parent}"
        raise UnavailableError(str(path), "a place to write", found)
    if path == STANDARD or not path.is_file() or not path.stat().st_size:
        return
    if not is_kind(_beginning(path)):
        hint = "choose another name, or take away what is there, if nobody needs it"
        raise RefusedError(str(path), f"no file of that name, or {kind} to write over", "another one", hint=hint)


def of_types(*types: str) -> Known:
    """Return what knows our envelopes with statements of these predicate types, by what they claim."""

    def is_kind(beginning: bytes) -> bool:
        from attest.signing.dsse import read_envelope
        from attest.statement.statement import predicate_type_of

        try:
            return predicate_type_of(read_envelope(beginning, where="file"), where="file") in types
        except AttestError:
            return False

    return is_kind


def begins_with(*openings: bytes) -> Known:
    """Return what knows a kind by how its files begin."""
    return lambda beginning: beginning.startswith(openings)


def _beginning(path: Path) -> bytes:
    from attest.evidence.reading import read_lines

    try:
        return b"".join(islice(read_lines(path), _LINES))
    except AttestError:
        return b""  # Nothing that could be read as anything of ours.
