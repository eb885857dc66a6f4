"""File systems that stamp every change that somebody could tell from the one before (multigrain times, Linux 6.13).

Others stamp by the ticks of a clock, some milliseconds each, or by the second: two changes within one get the same
ctime, and so may one between two looks. That depends on kernel, driver and how the file system was made: it is tried,
on a file of ours, and known for that very file system alone.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Final

from attest.codec.files import make_nameless

CHANGES: Final = 200
"""In less than a tick: in a file system that is not fine nearly all of them look the same."""


def proven_fine(directory: Path) -> frozenset[int]:
    """Return the device number of the file system that `directory` lies in if it proves fine, else nothing.

    A file of ours is made there, changed and removed; where that cannot be done nothing is proven.
    """
    try:
        return frozenset((os.stat(directory).st_dev,)) if unseen_changes(directory) == 0 else frozenset()
    except OSError:
        return frozenset()


def unseen_changes(directory: Path) -> int:
    """Change a file of ours again and again; return how often its ctime stayed the same. Raises `OSError`."""
    descriptor, path = make_nameless(directory, ".attest-times-")
    try:
        same, before = 0, os.fstat(descriptor).st_ctime_ns
        for _ in range(CHANGES):
            os.write(descriptor, b".")
            after = os.fstat(descriptor).st_ctime_ns
            same, before = same + (after == before), after
        return same
    finally:
        os.close(descriptor)
        with contextlib.suppress(OSError):
            os.unlink(path)
