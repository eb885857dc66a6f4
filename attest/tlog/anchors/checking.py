"""Whether the anchors beside a log are of this log; not who anchored, which takes a trust file."""

from __future__ import annotations

from collections.abc import Iterator

from attest.codec.octets import from_base64
from attest.errors import MalformedError, RefusedError, UntrustedError
from attest.tlog.anchors import ANCHORS
from attest.tlog.anchors.anchor import Anchor, kept_anchors
from attest.tlog.check import Problem
from attest.tlog.documents import Documents
from attest.tlog.pin import check_pinned
from attest.tlog.stores.sqlite import SqliteReader


def check_anchors(reader: SqliteReader, documents: Documents) -> tuple[Problem, ...]:
    """Return what does not fit: an anchor of another log or tree, or an answer about other bytes than its note.

    Of anchors before the first entry that is here without a gap the tree is not held against the log any more.
    """
    try:
        kept = kept_anchors(documents)
    except MalformedError as error:
        return (_problem(error),)
    return tuple(problem for size, anchor in kept for problem in _problems(reader, size, anchor))


def _problems(reader: SqliteReader, size: int, anchor: Anchor) -> Iterator[Problem]:
    where = f"anchor over {size} entries"
    try:
        claimed_at(anchor, where)
        if size >= reader.first:
            check_pinned(reader, anchor.checkpoint(where=where))
    except (MalformedError, UntrustedError, RefusedError) as error:
        yield Problem(where=where, expected=error.expected, found=error.found)


def claimed_at(anchor: Anchor, where: str) -> int:
    """Return when an anchor says that its checkpoint existed (milliseconds since 1970); nobody is asked who says so."""
    answer = from_base64(anchor.answer, where=where)
    return ANCHORS[anchor.method].claimed(anchor.note.encode(), answer, where)


def _problem(error: MalformedError) -> Problem:
    return Problem(where=error.where, expected=error.expected, found=error.found)
