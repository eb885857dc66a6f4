"""A log entry: structural metadata and a commitment, never content. Its bytes are a leaf of the tree.

An auditor can check order, completeness and times without seeing a single receipt; and nobody can put another receipt
under the same entry (ARCHITECTURE 3.2).
"""

from typing import Final, final

from attest.codec import canonical, instant, strict
from attest.codec.octets import sha256_hex
from attest.codec.records import Count, Line, Record, Sha256Hex, Timestamp

GENESIS: Final = "0" * 64
"""What stands for the previous entry at the first one."""

MAX_ENTRY_BYTES: Final = 64 * 1024
"""More than the longest origin and event name take together."""


class LogEntry(Record, kw_only=True):
    """One entry: what kind of event, where in which log, when, after which entry, and the receipt's SHA-256."""

    origin: Line
    event: Line
    sequence: Count
    time: Timestamp
    previous: Sha256Hex
    commitment: Sha256Hex

    def __post_init__(self) -> None:
        """Refuse a day that no calendar has."""
        instant.parse(self.time, where="time")


@final
class EntryWriter:
    """Writes the entries of one log whose values are known to have their form; the same bytes as `encode_entry`."""

    __slots__ = ("_origin",)

    def __init__(self, origin: str) -> None:
        """Write the origin once: nothing else of an entry has anything that JSON escapes."""
        self._origin = canonical.encode_text(origin).decode()

    def write(self, *, event: str, sequence: int, time: str, previous: str, commitment: str) -> bytes:
        """Return the bytes of an entry; `event` is the short name of a predicate, the others have their forms."""
        return (
            f'{{"commitment":"{commitment}","event":"{event}","origin":{self._origin},"previous":"{previous}",'
            f'"sequence":{sequence},"time":"{time}"}}'
        ).encode()


def encode_entry(entry: LogEntry) -> bytes:
    """Return the bytes of an entry, the leaf data (RFC 8785)."""
    return canonical.encode(entry)


def read_entry(octets: bytes, *, where: str) -> LogEntry:
    """Read an entry; its neighbours and its receipt are the caller's to compare."""
    return strict.read(octets, LogEntry, where=where, max_bytes=MAX_ENTRY_BYTES)


def entry_digest(octets: bytes) -> str:
    """Return the SHA-256 of an entry's bytes: the `previous` of the next entry."""
    return sha256_hex(octets)
