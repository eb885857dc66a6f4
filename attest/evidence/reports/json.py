"""The verdict as one JSON object on one line; CLI.md."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from attest.codec.printable import printable_json
from attest.evidence.reports.report import Report
from attest.evidence.verdict import VERDICT_SCHEMA, Verdict


def render_json(verdicts: Sequence[Verdict]) -> str:
    """Return the verdicts as lines of JSON, one each, ending in a line feed."""
    return "".join(printable_json(msgspec.json.encode(verdict).decode()) + "\n" for verdict in verdicts)


JSON: Final = Report(name="json", render=render_json, openings=('{"schema":"' + VERDICT_SCHEMA,), streamed=True)
