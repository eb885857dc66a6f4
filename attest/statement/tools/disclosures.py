"""Disclosures: what opens commitments, kept apart from the log: JSON Lines, one value a line, for its owner's eyes.

`{"salt":"<32 hex>","sha256":"<the commitment>","value":"<base64 of the exact bytes>"}`, in RFC 8785 form. They lie in
the folder `disclosures` of a log's directory, which only its owner can enter, in segments `<number>.jsonl` of bounded
size; the oldest go when there are too many. One that is lost means no more than that its value cannot be shown.
"""

import os
import re
from binascii import b2a_base64, hexlify
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

from attest.codec import strict
from attest.codec.files import PRIVATE_MODE
from attest.codec.octets import from_base64
from attest.codec.records import Base64Text, Id128, Record, Sha256Hex
from attest.errors import MalformedError, UnavailableError
from attest.statement.tools.calls import Commitment
from attest.statement.tools.committing import opens

FOLDER: Final = "disclosures"
SEGMENT_BYTES: Final = 64 * 1024 * 1024
"""A segment that has so many takes no more lines."""
MAX_SEGMENTS: Final = 16
"""So many are kept: 1 GiB, and what a last line adds."""
MAX_VALUE_BYTES: Final = 16 * 1024 * 1024
"""The longest message that a portal takes."""

_GATHERED_BYTES: Final = 1024 * 1024
"""Lines are written together up to here."""
_MAX_LINE_BYTES: Final = MAX_VALUE_BYTES * 4 // 3 + 1024
_SEGMENT: Final = re.compile(r"([0-9]{8})\.jsonl")


class Disclosure(Record, kw_only=True):
    """One value with the salt that it was committed to under."""

    sha256: Sha256Hex
    salt: Id128
    value: Base64Text


@dataclass(frozen=True, kw_only=True)
class Disclosed:
    """What a line holds, decoded: the commitment that it opens, and the exact bytes."""

    sha256: Sha256Hex
    octets: bytes


def disclosure_line(commitment: Commitment, salt: bytes, octets: bytes) -> bytes:
    """Return the line, with its end, that opens `commitment`."""
    # Quicker than to encode a record: none of the three holds anything that JSON escapes. A test compares the two.
    value = b2a_base64(octets, newline=False)
    return b'{"salt":"%b","sha256":"%b","value":"%b"}\n' % (hexlify(salt), commitment.sha256.encode(), value)


def read_disclosures(lines: Iterable[bytes], *, where: str) -> Iterator[Disclosed]:
    """Yield what lines hold; raise `MalformedError` for one that is none, or does not open what it says it opens."""
    for number, line in enumerate(lines, 1):
        at = f"{where} line {number}"
        if not line.endswith(b"\n"):
            raise MalformedError(at, "a line that ends in a line feed", "none")
        said = strict.read(line[:-1], Disclosure, where=at, max_bytes=_MAX_LINE_BYTES)
        octets = from_base64(said.value, where=at)
        if not opens(Commitment(sha256=said.sha256, bytes=len(octets)), bytes.fromhex(said.salt), octets):
            raise MalformedError(at, f"what opens {said.sha256}", "another salt or value")
        yield Disclosed(sha256=said.sha256, octets=octets)


def kept_lines(log: Path) -> Iterator[bytes]:
    """Yield the lines kept beside the log in folder `log`, the oldest first; a last one that a crash cut is left out.

    Raises `UnavailableError` if they cannot be read, `MalformedError` for a line without an end in bounds.
    """
    for path in segments(log / FOLDER):
        try:
            with path.open("rb") as file:
                while line := file.readline(_MAX_LINE_BYTES + 1):
                    if line.endswith(b"\n"):
                        yield line
                    elif len(line) > _MAX_LINE_BYTES:
                        raise MalformedError(str(path), f"lines of at most {_MAX_LINE_BYTES} bytes", "a longer one")
        except OSError as error:
            raise UnavailableError(str(path), "a readable file", error.strerror or "an error") from error


@final
class DisclosureFolder:
    """The open folder of one writer; for one thread at a time."""

    def __init__(self, log: Path, *, segment_bytes: int = SEGMENT_BYTES, max_segments: int = MAX_SEGMENTS) -> None:
        """Write beside the log in folder `log`, always into a segment of its own; raise `UnavailableError`."""
        self._folder = log / FOLDER
        self._segment_bytes = segment_bytes
        self._max_segments = max_segments
        self._descriptor: int | None = None
        self._written = 0
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            kept = segments(self._folder)
            self._next = int(kept[-1].stem) + 1 if kept else 0
        except OSError as error:
            raise self._unavailable(error) from error

    def write(self, lines: Iterable[bytes]) -> None:
        """Write lines; raise `UnavailableError` where they cannot be kept, and maybe some of them were."""
        gathered: list[bytes] = []
        size = 0
        try:
            for line in lines:
                gathered.append(line)
                size += len(line)
                if size >= self._segment_bytes - self._written or size >= _GATHERED_BYTES:
                    self._write_all(b"".join(gathered))
                    gathered, size = [], 0
            self._write_all(b"".join(gathered))
        except OSError as error:
            raise self._unavailable(error) from error

    def close(self) -> None:
        """Put what was written on disk, and let go of it."""
        if self._descriptor is not None:
            try:
                os.fsync(self._descriptor)
                os.close(self._descriptor)
            except OSError as error:
                raise self._unavailable(error) from error
            finally:
                self._descriptor = None

    def _write_all(self, octets: bytes) -> None:
        if not octets:
            return
        if self._descriptor is None or self._written >= self._segment_bytes:
            self.close()
            self._descriptor = self._begin()
        rest = memoryview(octets)
        while rest:
            written = os.write(self._descriptor, rest)
            self._written += written
            rest = rest[written:]

    def _begin(self) -> int:
        """Begin a segment, and drop the oldest ones that are too many by now."""
        path = self._folder / f"{self._next:08d}.jsonl"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, PRIVATE_MODE)
        self._next, self._written = self._next + 1, 0
        for old in segments(self._folder)[: -self._max_segments]:
            old.unlink()
        return descriptor

    def _unavailable(self, error: OSError) -> UnavailableError:
        return UnavailableError(str(self._folder), "a place for disclosures", error.strerror or "an error")


def segments(folder: Path) -> list[Path]:
    """Return the files of disclosures in `folder`, the oldest first."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if _SEGMENT.fullmatch(path.name))
