"""The kinds of archive that can be bound to installed files; a new one is a file and a row."""

from __future__ import annotations

from typing import Final

from attest.measure.collectors.collector import Collector
from attest.measure.collectors.wheel import WHEEL

COLLECTORS: Final[dict[str, Collector]] = {row.name: row for row in (WHEEL,)}
