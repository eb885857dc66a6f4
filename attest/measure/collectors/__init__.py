"""The kinds of archive that can be bound to installed files; a new one is a file and a row."""

from __future__ import annotations

from typing import Final

from attest.measure.collectors.binary import BINARY
from attest.measure.collectors.collector import Collector
from attest.measure.collectors.deb import DEB
from attest.measure.collectors.mcpb import MCPB
from attest.measure.collectors.npm import NPM
from attest.measure.collectors.oci import OCI
from attest.measure.collectors.wheel import WHEEL
from attest.measure.collectors.zipapp import ZIPAPP

COLLECTORS: Final[dict[str, Collector]] = {row.name: row for row in (WHEEL, NPM, MCPB, ZIPAPP, DEB, OCI, BINARY)}
"""The order is that in which they are asked: a program is what nothing else claims by its name."""
