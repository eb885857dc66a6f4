"""How many cores check signatures: all of them for large files, none but our own for small ones."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from attest.evidence.verify.opening import Spread

LARGE_BYTES: Final = 1024 * 1024
"""About 500 receipts, 50 ms of signatures; for less, starting threads costs more than it saves."""

_SWITCH_SECONDS: Final = 0.0001
"""How long a thread may keep the others waiting: about one signature, instead of Python's 40 (5 ms)."""


@contextmanager
def spread_for(files: Sequence[Path]) -> Iterator[Spread]:
    """Yield the `map` to check signatures with; standard input counts as large."""
    if all(path.is_file() and path.stat().st_size < LARGE_BYTES for path in files):
        yield map
        return
    from concurrent.futures import ThreadPoolExecutor

    before = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_SECONDS)
    try:
        with ThreadPoolExecutor() as pool:
            yield pool.map
    finally:
        sys.setswitchinterval(before)
