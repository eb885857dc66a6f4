"""Anchors by a time stamping authority (RFC 3161).

The imprint is the SHA-256 of the note's exact bytes, its signature included: what existed by then is the writer's
signature over the tree, and not only a tree that anybody could have signed later, with a key that was stolen since.
"""

from __future__ import annotations

from typing import Final

from attest.signing.certificate_order import sort_certificates
from attest.signing.timestamps import Timestamp, TimestampAuthority, check_timestamp, claimed_time, make_request
from attest.tlog.anchors.query import Query

METHOD: Final = "rfc3161"


def ask(note: bytes) -> Query:
    """Return the request for a note (RFC 3161, 3.4): certificate wanted, with a nonce."""
    request = make_request(note)
    return Query(body=request.octets, media_type="application/timestamp-query", nonce=request.nonce)


def check(
    note: bytes, answer: bytes, authorities: tuple[TimestampAuthority, ...], nonce: int | None, where: str
) -> Timestamp:
    """Check a response; with the nonce of a request also that it is no older one. Of one that was kept nobody asks."""
    return check_timestamp(sort_certificates(answer), note, authorities, nonce=nonce, where=where)


def claimed(note: bytes, answer: bytes, where: str) -> int:
    """Return the time that a response over the note claims; nobody is asked who says so."""
    return claimed_time(sort_certificates(answer), note, where=where)
