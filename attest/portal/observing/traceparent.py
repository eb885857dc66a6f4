"""`traceparent` as W3C Trace Context (3.2) writes it, read strictly: what has another form is no parent."""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

_FORM: Final = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.ASCII | re.DOTALL)
_MAX_CHARACTERS: Final = 256
_INVALID_VERSION: Final = "ff"


class TraceParent(NamedTuple):
    """The span that a request was sent in."""

    trace_id: int
    span_id: int
    flags: int


def read_traceparent(value: Any) -> TraceParent | None:  # noqa: ANN401  (a JSON value)
    """Return the parent that is meant; None for anything else, for ids of zero, and for version ff.

    A later version is read as far as this one goes (4.3, "Versioning of traceparent"); version 00 has nothing behind.
    """
    if not isinstance(value, str) or len(value) > _MAX_CHARACTERS:
        return None
    found = _FORM.fullmatch(value)
    if found is None:
        return None
    version, trace_id, span_id, flags, rest = found.groups()
    if version == _INVALID_VERSION or (version == "00" and rest is not None):
        return None
    parent = TraceParent(int(trace_id, 16), int(span_id, 16), int(flags, 16))
    return parent if parent.trace_id and parent.span_id else None
