"""The gist of a receipt on one line: what happened, or what was found first. Nothing is verified."""

from __future__ import annotations

from attest.codec import strict
from attest.codec.printable import printable
from attest.signing.dsse import Envelope, read_envelope

_WHERE = "receipt"


def gist(receipt: Envelope) -> str:
    """Return what a receipt says, in a few words; empty if its type says it all."""
    statement = strict.parse(receipt.payload, where=_WHERE)
    predicate = statement.get("predicate") if isinstance(statement, dict) else None
    if not isinstance(predicate, dict):
        return ""
    event, findings = predicate.get("event"), predicate.get("findings")
    if isinstance(event, dict):
        return printable(f"{event.get('kind')} {event.get('action', '')} {event.get('outcome', '')}".strip())
    if isinstance(findings, dict) and findings.get("findings"):
        first = findings["findings"][0]
        return printable(f"{findings.get('state')}: {first.get('kind', '')} {first.get('where', '')}")
    return ""


def gist_of_bytes(octets: bytes) -> str:
    """Return the gist of a receipt's envelope, as a log holds it."""
    return gist(read_envelope(octets, where=_WHERE))
