"""Single programs: the artifact is the very file that runs, so that its digest is that of the file on disk.

What is published is often called after its platform (`server-linux-amd64`) and installed without that; so a program is
found by its content, at every place whose name is the artifact's or its beginning. Its installer sets the executable
bit, which no digest covers: it is sealed as it is found.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from attest.errors import MalformedError
from attest.measure.binding import Archive, Bound, BoundFile, Member, Mismatch
from attest.measure.collectors.collector import Collector
from attest.measure.copying import digest_of
from attest.measure.holding import described
from attest.statement.digests import DigestSet
from attest.statement.manifest import FileKind
from attest.statement.observation import Observation, Observed

_MAGIC: Final = (
    b"\x7fELF",
    b"MZ",
    b"#!",
    b"\xfe\xed\xfa\xce",
    b"\xfe\xed\xfa\xcf",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
)
"""ELF, PE, scripts with an interpreter's line, and Mach-O (both orders, 32 and 64 bit, universal)."""
_SEPARATOR: Final = re.compile(r"[-_.]")
_SUFFIX: Final = ".exe"


def recognises(path: Path) -> bool:
    """Return whether a file begins as programs do; that it is a good one is not said."""
    try:
        with path.open("rb") as file:
            return path.is_file() and file.read(4).startswith(_MAGIC)
    except OSError:
        return False


def read_binary(path: Path) -> Archive:
    """Digest a program; it is its own and only member. Raises `MalformedError` for what does not begin like one."""
    digest, size = digest_of(path)
    if not recognises(path):
        raise MalformedError(str(path), "a program: ELF, Mach-O, PE, or one with a `#!` line", "another file")
    return single_file(NAME, path.name, digest, size)


def single_file(kind: str, name: str, digest: DigestSet, size: int) -> Archive:
    """Return the archive that has nothing in it but itself."""
    member = Member(path=name, size=size, sha256=str(digest.sha256), executable=True)
    program = name.removesuffix(_SUFFIX)
    return Archive(kind=kind, name=program, version=None, filename=name, digest=digest, members=(member,), label=name)


def outside_binary(archive: Archive, observation: Observation) -> tuple[str, ...]:
    """Return nothing: a program is one of the files that are looked at anyway, or it is not installed here."""
    del archive, observation
    return ()


def bind_binary(archive: Archive, observation: Observation) -> Bound:
    """Find the program by content under a name that fits.

    Where it is nowhere, programs that are called as it is are mismatches: other versions of it.
    """
    (member,) = archive.members
    fitting = {key: seen for key, seen in observation.files.items() if fits(archive.filename, os.path.basename(key[1]))}
    files = {
        key: BoundFile(sha256=member.sha256, size=member.size, executable=bool(seen.executable), member=member.path)
        for key, seen in fitting.items()
        if seen.type_ is FileKind.FILE and seen.sha256 == member.sha256
    }
    others = [] if files else [seen for seen in fitting.values() if _is_program(seen)]
    mismatches = tuple(
        Mismatch(key=seen.key, expected=f"sha256:{member.sha256}", found=described(seen)) for seen in others
    )
    return Bound(archive=archive, found=bool(files), files=files, mismatches=mismatches)


def fits(published: str, installed: str) -> bool:
    """Return whether `installed` is the published name, or what stands before one of its separators."""
    published, installed = (name.lower().removesuffix(_SUFFIX) for name in (published, installed))
    rest = published.removeprefix(installed)
    return bool(installed) and (rest == "" or (rest != published and _SEPARATOR.match(rest) is not None))


def _is_program(seen: Observed) -> bool:
    return seen.type_ is FileKind.FILE and bool(seen.executable)


NAME: Final = "binary"

BINARY: Final = Collector(
    name=NAME,
    recognises=recognises,
    read=read_binary,
    outside=outside_binary,
    bind=bind_binary,
    # Found by its content, it is never taken for another one.
    identity=lambda archive: f"{archive.filename} {archive.digest.sha256}",
)
