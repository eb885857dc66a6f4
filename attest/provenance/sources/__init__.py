"""The formats of build evidence, one file each and one row here."""

from __future__ import annotations

from typing import Final

from attest.provenance.source import Source
from attest.provenance.sources.attested_sbom import CYCLONEDX_DSSE, SPDX_DSSE
from attest.provenance.sources.bare_sbom import CYCLONEDX_FILE, SPDX_FILE
from attest.provenance.sources.in_toto_layout import IN_TOTO_LAYOUT
from attest.provenance.sources.lock_files import NPM_LOCK, PNPM_LOCK, PYLOCK, REQUIREMENTS, UV_LOCK
from attest.provenance.sources.npm_publish import NPM_PUBLISH
from attest.provenance.sources.pypi_publish import PYPI_PUBLISH
from attest.provenance.sources.slsa_dsse import SLSA_DSSE
from attest.provenance.sources.slsa_summary import SLSA_SUMMARY

_ROWS: Final = (
    SLSA_DSSE,
    SLSA_SUMMARY,
    IN_TOTO_LAYOUT,
    NPM_PUBLISH,
    PYPI_PUBLISH,
    CYCLONEDX_DSSE,
    SPDX_DSSE,
    CYCLONEDX_FILE,
    SPDX_FILE,
    NPM_LOCK,
    PNPM_LOCK,
    REQUIREMENTS,
    UV_LOCK,
    PYLOCK,
)

SOURCES: Final[dict[str, Source]] = {row.name: row for row in _ROWS}
