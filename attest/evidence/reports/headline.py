"""A verdict in one line, for logs and for whoever only wants to know."""

from __future__ import annotations

from attest.codec.printable import printable
from attest.evidence.reports.logged import logged
from attest.evidence.verdict import Verdict


def headline(verdict: Verdict) -> str:
    """Return what became of which file, and what kind of file that is."""
    kind = verdict.kind if verdict.tier is None else f"{verdict.kind}, {verdict.tier}"
    return logged(f"{verdict.verdict}  {printable(verdict.file)}  ({kind})")
