"""The anchors, one row each: how somebody outside says when a checkpoint existed, and how that is checked.

A new one is a file here, a row in `ANCHORS` and a name in `Method`, and passes the same contract suite. Asking is
without I/O: a row says what is to be sent, whoever has the network sends it, and hands the answer back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from attest.signing.timestamps import Timestamp, TimestampAuthority
from attest.tlog.anchors import rfc3161
from attest.tlog.anchors.query import Query

Authorities = tuple[TimestampAuthority, ...]


class AnchorKind(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of anchor: `method` as documents name it."""

    method: str
    ask: Callable[[bytes], Query]
    """Returns what to send to have a note, its exact bytes, anchored."""
    check: Callable[[bytes, bytes, Authorities, int | None, str], Timestamp]
    """Checks an answer (note, answer, who is trusted, the query's nonce if it was just asked, where).

    Raises `UntrustedError` or `MalformedError`.
    """
    claimed: Callable[[bytes, bytes, str], int]
    """Returns the time that an answer over a note claims, NOT verified (note, answer, where)."""


RFC3161: Final = AnchorKind(method=rfc3161.METHOD, ask=rfc3161.ask, check=rfc3161.check, claimed=rfc3161.claimed)

ANCHORS: Final[dict[str, AnchorKind]] = {row.method: row for row in (RFC3161,)}
