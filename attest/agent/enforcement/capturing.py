"""Evidence of a frozen process: what it had mapped, open and in its environment by name, and the files that changed.

Nothing is followed and nothing is unbounded. Arguments and the values of the environment are never kept: secrets are
handed over in them.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from attest.agent.enforcement.family import Family
from attest.codec.files import PRIVATE_MODE
from attest.codec.octets import sha256_hex
from attest.codec.paths import check_relative
from attest.codec.printable import printable
from attest.errors import AttestError
from attest.measure.opening import open_directory
from attest.statement.enforcing import Captured
from attest.statement.findings import Finding, FindingKind
from attest.tlog.documents import Documents

KIND: Final = "captured"
"""The kind under which a piece stands among the documents beside the log."""

MAX_PIECES: Final = 64
MAX_PIECE_BYTES: Final = 16 * 1024 * 1024
MAX_BYTES: Final = 64 * 1024 * 1024
MAX_PROCESSES: Final = 8
"""Of a family with more members, the root and the first of the others are described."""
_MAX_NAME_BYTES: Final = 256

_OF_THE_EXECUTABLE: Final = frozenset(
    {FindingKind.EXECUTABLE_OTHER, FindingKind.EXECUTABLE_DELETED, FindingKind.EXECUTABLE_IN_MEMORY}
)


@dataclass(kw_only=True)
class Capture:
    """What has been kept so far, and how much was not."""

    documents: Documents
    pieces: list[Captured] = field(default_factory=list)
    left_out: int = 0

    def keep(self, name: str, read: Callable[[], bytes | None]) -> None:
        """Keep one piece, unless there is too much already, it is too large, or it cannot be read."""
        total = sum(piece.bytes for piece in self.pieces)
        octets = read() if len(self.pieces) < MAX_PIECES else None
        if octets is None or len(octets) > MAX_PIECE_BYTES or total + len(octets) > MAX_BYTES:
            self.left_out += 1
            return
        digest = sha256_hex(octets)
        self.documents.put(KIND, digest, octets, mode=PRIVATE_MODE)
        self.pieces.append(Captured(name=name, sha256=digest, bytes=len(octets)))


def capture(
    family: Family, findings: tuple[Finding, ...], places: Mapping[str, str], documents: Documents
) -> tuple[tuple[Captured, ...], int]:
    """Keep what is seen of a frozen family, and the files that findings name; return it and how much was left out.

    `places` are those of the roots, by name. Raises `UnavailableError` if there is no place to keep it.
    """
    captured = Capture(documents=documents)
    if family.root is not None:
        for member in family.living()[:MAX_PROCESSES]:
            _describe(member.pid, captured)
        if any(finding.kind in _OF_THE_EXECUTABLE for finding in findings):
            executable = Path(f"/proc/{family.root.pid}/exe")
            captured.keep(f"process {family.root.pid}: executable", lambda: _read(executable, os.O_NONBLOCK))
    for name in dict.fromkeys(finding.where for finding in findings):
        place, path = _place_of(name, places)
        if place is not None:
            captured.keep(name, lambda place=place, path=path: _read_in(place, path))  # type: ignore[misc]
    return tuple(captured.pieces), captured.left_out


def _describe(pid: int, captured: Capture) -> None:
    folder = Path(f"/proc/{pid}")
    captured.keep(f"process {pid}: maps", lambda: _read(folder / "maps"))
    captured.keep(f"process {pid}: status", lambda: _read(folder / "status"))
    captured.keep(f"process {pid}: environment-names", lambda: _lines(_environment_names(folder)))
    captured.keep(f"process {pid}: descriptors", lambda: _lines(_descriptors(folder)))


def _environment_names(folder: Path) -> Iterator[str]:
    octets = _read(folder / "environ") or b""
    names = {part.partition(b"=")[0] for part in octets.split(b"\0") if b"=" in part}
    for name in sorted(names):
        yield printable(name[:_MAX_NAME_BYTES].decode("utf-8", "backslashreplace"))


def _descriptors(folder: Path) -> Iterator[str]:
    for entry in sorted(os.scandir(folder / "fd"), key=lambda each: int(each.name)):
        yield f"{entry.name} {printable(str(Path(entry.path).readlink()))}"


def _lines(lines: Iterator[str]) -> bytes | None:
    try:
        return "".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace")
    except OSError:
        return None


def _place_of(name: str, places: Mapping[str, str]) -> tuple[str | None, str]:
    """Return the place of the root and the path in it that a finding names; no place if it names no file."""
    root, _, path = name.partition("/")
    try:
        check_relative(path, where=name)
    except AttestError:
        return None, path
    return places.get(root), path


def _read_in(place: str, path: str) -> bytes | None:
    """Read a regular file below a place, no link followed; None if there is none."""
    *folders, name = path.split("/")
    opened: list[int] = []
    try:
        opened.append(open_directory(place))
        for folder in folders:
            opened.append(open_directory(folder, opened[-1]))
        return _read(name, os.O_NOFOLLOW | os.O_NONBLOCK, opened[-1])
    except (OSError, ValueError):
        return None
    finally:
        for descriptor in opened:
            os.close(descriptor)


def _read(path: Path | str, flags: int = 0, directory: int | None = None) -> bytes | None:
    """Read a regular file, a little more than the largest piece at most; None if it is none or cannot be read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | flags, dir_fd=directory)
    except (OSError, ValueError):
        return None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(MAX_PIECE_BYTES + 1)
    except OSError:
        return None
    finally:
        os.close(descriptor)
