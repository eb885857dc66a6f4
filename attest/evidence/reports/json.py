"""The verdict as one JSON object on one line; CLI.md."""

from __future__ import annotations

import msgspec

from attest.evidence.verdict import Verdict


def render_json(verdict: Verdict) -> str:
    """Return the verdict as one line of JSON, ending in a line feed."""
    return msgspec.json.encode(verdict).decode() + "\n"
