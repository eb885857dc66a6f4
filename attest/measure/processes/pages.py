"""`/proc/PID/pagemap` (proc_pid_pagemap(5)): pages of code that are no longer those of the file they were mapped from.

A page of a private mapping that was written becomes anonymous memory. A healthy program has none in its code: what a
loader relocates lies elsewhere. Not seen: code that lies in anonymous memory as a whole, as that of a just-in-time
compiler does. Reading this takes a tenth of what `smaps` does, which counts the same pages.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final

from attest.measure.processes.maps import MappedRange

_ENTRY_BYTES: Final = 8
_TOP: Final = 7
"""The byte of an entry (little-endian) that holds bits 56 to 63."""
_IN_MEMORY, _SWAPPED, _OF_FILE = 0x80, 0x40, 0x20
_PATCHED: Final = bytes(value for value in range(256) if value & (_IN_MEMORY | _SWAPPED) and not value & _OF_FILE)
_CHUNK_PAGES: Final = 32 * 1024
"""128 MiB of code: 256 KiB of entries."""


def count_patched(pid: int, ranges: Sequence[MappedRange]) -> tuple[int, ...]:
    """Return for each range how many of its pages were changed in memory. Raises `OSError`."""
    page = os.sysconf("SC_PAGESIZE")
    descriptor = os.open(f"/proc/{pid}/pagemap", os.O_RDONLY | os.O_CLOEXEC)
    try:
        return tuple(_count(descriptor, each.start // page, each.end // page) for each in ranges)
    finally:
        os.close(descriptor)


def patched_in(entries: bytes) -> int:
    """Return how many of these pagemap entries stand for a changed page."""
    tops = entries[_TOP::_ENTRY_BYTES]
    return len(tops) - len(tops.translate(None, _PATCHED))


def _count(descriptor: int, first: int, last: int) -> int:
    return sum(
        patched_in(os.pread(descriptor, (min(last, start + _CHUNK_PAGES) - start) * _ENTRY_BYTES, start * _ENTRY_BYTES))
        for start in range(first, last, _CHUNK_PAGES)
    )
