"""The times of a log on one line: boot time, which nobody can set, also across a restart of the machine."""

from __future__ import annotations

from typing import final

from attest.evidence.verify.told import Told


@final
class Timeline:
    """Milliseconds from the first receipt on, never backwards; between two boots, as many as real time says."""

    def __init__(self) -> None:
        """Begin before the first receipt."""
        self._boot_id: str | None = None
        self._offset = 0
        self._newest = 0
        self._real = 0

    def at(self, told: Told, boot_time: int | None = None) -> int:
        """Return when a receipt was written, or what its boot clock showed at `boot_time`."""
        if told.lasting.boot_id != self._boot_id:
            passed = 0 if self._boot_id is None else max(0, told.time - self._real)
            self._offset = self._newest + passed - told.boot_time
            self._boot_id = told.lasting.boot_id
        self._newest = max(self._newest, told.boot_time + self._offset)
        self._real = told.time
        return (told.boot_time if boot_time is None else boot_time) + self._offset
