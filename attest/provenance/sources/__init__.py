"""The formats of build evidence, one file each and one row here."""

from __future__ import annotations

from typing import Final

from attest.provenance.source import Source
from attest.provenance.sources.cyclonedx_dsse import CYCLONEDX_DSSE
from attest.provenance.sources.cyclonedx_file import CYCLONEDX_FILE
from attest.provenance.sources.slsa_dsse import SLSA_DSSE

SOURCES: Final[dict[str, Source]] = {row.name: row for row in (SLSA_DSSE, CYCLONEDX_DSSE, CYCLONEDX_FILE)}
