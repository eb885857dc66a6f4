"""How a verdict is shown, one row a format; a new one is a file here and a row in `REPORTS`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from attest.evidence.reports.json import render_json
from attest.evidence.reports.text import render_colored, render_text
from attest.evidence.verdict import Verdict


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A format: its name, and how a verdict is written in it, plain or for a terminal with colours."""

    name: str
    render: Callable[[Verdict], str]
    render_colored: Callable[[Verdict], str]


REPORTS: Final[dict[str, Report]] = {
    row.name: row
    for row in (
        Report(name="text", render=render_text, render_colored=render_colored),
        Report(name="json", render=render_json, render_colored=render_json),
    )
}
