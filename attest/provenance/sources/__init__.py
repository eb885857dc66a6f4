"""The formats of build evidence, one file each and one row here; the commonest first, so that few others are loaded."""

from __future__ import annotations

from typing import Final

from attest.provenance.source import Source
from attest.rows import Rows

_PLACES: Final = {
    "slsa-dsse": ("slsa_dsse", "SLSA_DSSE"),
    "cyclonedx-file": ("bare_sbom", "CYCLONEDX_FILE"),
    "spdx-file": ("bare_sbom", "SPDX_FILE"),
    "slsa-summary": ("slsa_summary", "SLSA_SUMMARY"),
    "in-toto-result": ("verification_result", "VERIFICATION_RESULT"),
    "in-toto-layout": ("in_toto_layout", "IN_TOTO_LAYOUT"),
    "npm-publish": ("npm_publish", "NPM_PUBLISH"),
    "pypi-publish": ("pypi_publish", "PYPI_PUBLISH"),
    "cyclonedx-dsse": ("attested_sbom", "CYCLONEDX_DSSE"),
    "spdx-dsse": ("attested_sbom", "SPDX_DSSE"),
    "npm-lock": ("lock_files", "NPM_LOCK"),
    "pnpm-lock": ("lock_files", "PNPM_LOCK"),
    "pip-requirements": ("lock_files", "REQUIREMENTS"),
    "uv-lock": ("lock_files", "UV_LOCK"),
    "pylock": ("lock_files", "PYLOCK"),
}

SOURCES: Final[Rows[Source]] = Rows({name: (f"{__name__}.{file}", row) for name, (file, row) in _PLACES.items()})
