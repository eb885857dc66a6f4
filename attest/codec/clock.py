"""Two clocks and the boot they belong to: real time, which can be set, and time since boot, which cannot be set back.

Whoever records takes a `Clock`, so that a test can hold time still.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from attest.errors import UnavailableError

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_NANOSECONDS: Final = 1_000_000
"""In a millisecond."""


@dataclass(frozen=True, kw_only=True)
class Clock:
    """`real` gives milliseconds since 1970 in UTC, `boot` those since the boot named `boot_id`, sleep included."""

    real: Callable[[], int]
    boot: Callable[[], int]
    boot_id: str


def system_clock() -> Clock:
    """Return this machine's clocks (Linux: CLOCK_REALTIME, CLOCK_BOOTTIME); `UnavailableError` where there are none."""
    try:
        boot_id = _BOOT_ID.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UnavailableError(str(_BOOT_ID), "the id of this boot (Linux)", "none") from error
    return Clock(real=_real, boot=_boot, boot_id=boot_id)


def _real() -> int:
    return time.time_ns() // _NANOSECONDS


def _boot() -> int:
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // _NANOSECONDS
