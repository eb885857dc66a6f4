"""Zipapps (PEP 441): an interpreter's line, if any, and a zip archive whose `__main__.py` Python runs.

The artifact is the file, which Python reads in place. Nobody is asked to believe what is in it; it is read all the
same, so that one Python and another, or a scanner, could not see two archives in it. The line has to be the only thing
before the first member. Offsets count from the beginning of the file (`zipapp` from a directory), of the archive (a
line put before a finished one) or of a file with another line (`zipapp` from a zipapp), and Python sees no
difference. What shiv and pex unpack into a cache at the first start is a directory of its own and not looked for.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO, Final

from attest.errors import MalformedError
from attest.measure.archive import ZipArchive
from attest.measure.binding import Archive
from attest.measure.collectors.binary import bind_binary, outside_binary, single_file
from attest.measure.collectors.collector import Collector
from attest.measure.copying import copied

SUFFIXES: Final = (".pyz", ".pyzw", ".shiv", ".pex")
MAX_LINE_BYTES: Final = 4096
"""As much as `attest seal` reads of a command's first line; Linux itself reads 256 bytes."""
_MAIN: Final = "__main__.py"


def recognises(path: Path) -> bool:
    """Return whether a file is called like one."""
    return path.name.endswith(SUFFIXES)


def read_zipapp(path: Path) -> Archive:
    """Digest the file and read the archive in it strictly; raises `MalformedError`, `UnavailableError`."""
    with copied(path) as (copy, digest):
        size = copy.seek(0, os.SEEK_END)
        archive = ZipArchive(copy, where=path.name, leading=_line_length(copy, path.name))
        if _MAIN not in {member.path for member in archive.members}:
            raise MalformedError(path.name, f"a zipapp with {_MAIN}", "none")
        for member in archive.members:
            for _ in archive.read(member):
                pass
    return single_file(NAME, path.name, digest, size)


def _line_length(stream: IO[bytes], where: str) -> int:
    stream.seek(0)
    line = stream.readline(MAX_LINE_BYTES)
    if not line.startswith(b"#!"):
        return 0
    if not line.endswith(b"\n"):
        raise MalformedError(
            where, f"an interpreter's line of at most {MAX_LINE_BYTES} bytes", "a longer one, or no end"
        )
    return len(line)


NAME: Final = "zipapp"

ZIPAPP: Final = Collector(
    name=NAME,
    recognises=recognises,
    read=read_zipapp,
    outside=outside_binary,
    bind=bind_binary,
    # Found by its content, it is never taken for another one.
    identity=lambda archive: f"{archive.filename} {archive.digest.sha256}",
)
