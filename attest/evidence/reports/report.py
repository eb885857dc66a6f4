"""What a report is: a format, and how the verdicts of a call are written in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from attest.evidence.verdict import Verdict

Render = Callable[[Sequence[Verdict]], str]
"""Writes the verdicts of one call; ends in a line feed."""

Summarize = Callable[[Sequence[Verdict], int], str]
"""Writes them for the page of a job, in at most so many bytes."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A format. `streamed`: each verdict stands by itself, and the document of several is theirs one after the other.

    Others are one document for all. `located`: it names files as a code host finds them, relative to the workspace.
    A document of it begins with one of `openings`. `render_colored` is for a terminal with colours, where that makes a
    difference; `summarize` is for the page that a CI has for a job.
    """

    name: str
    render: Render
    openings: tuple[str, ...]
    render_colored: Render | None = None
    streamed: bool = False
    located: bool = False
    summarize: Summarize | None = None
