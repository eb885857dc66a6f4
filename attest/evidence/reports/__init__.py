"""How verdicts are written, one row a format; a new one is a file here and a row in `REPORTS`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attest.rows import Rows

if TYPE_CHECKING:
    from attest.evidence.reports.report import Report

_PLACES: Final = {
    "text": ("text", "TEXT"),
    "json": ("json", "JSON"),
    "sarif": ("sarif", "SARIF"),
    "junit": ("junit", "JUNIT"),
    "github": ("github", "GITHUB"),
    "markdown": ("markdown", "MARKDOWN"),
}

REPORTS: Final[Rows[Report]] = Rows({name: (f"{__name__}.{file}", row) for name, (file, row) in _PLACES.items()})
