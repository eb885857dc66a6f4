"""Room for the log: some of it is kept for measurements, which prove more than one more refusal does."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, final

RESERVE_BYTES: Final = 64 * 1024 * 1024
"""Measurements of a day, at one in 10 s and 5 kB each."""
_LOOK_SECONDS: Final = 1.0


@final
class Space:
    """What is free where a log lies, looked at once a second at most."""

    def __init__(self, log: Path, say: Callable[[str], None], *, reserve_bytes: int = RESERVE_BYTES) -> None:
        """Keep so much free."""
        self._log = log
        self._say = say
        self._reserve = reserve_bytes
        self._look_at = 0.0
        self._short = False

    def is_short(self) -> bool:
        """Return whether no more receipts about requests may be written; say so when that changes."""
        now = time.monotonic()
        if now < self._look_at:
            return self._short
        self._look_at = now + _LOOK_SECONDS
        before, self._short = self._short, self._free() < self._reserve
        if self._short and not before:
            self._say(f"calls are refused: less than {self._reserve // 1_000_000} MB are free for the log, {self._log}")
        elif before and not self._short:
            self._say("calls are judged again: there is room for the log")
        return self._short

    def _free(self) -> int:
        try:
            found = os.statvfs(self._log)
        except OSError:
            # Whether it can be written is found out by writing.
            return self._reserve
        return found.f_bavail * found.f_frsize
