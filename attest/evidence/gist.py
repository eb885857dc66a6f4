"""The gist of a receipt on one line: what happened, or what was found first. Nothing is verified."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

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
    for name, render in _OF_CALLS.items():
        if isinstance(predicate.get(name), dict):
            return printable(render(predicate, predicate[name]))
    event, findings = predicate.get("event"), predicate.get("findings")
    if isinstance(event, dict):
        return printable(f"{event.get('kind')} {event.get('action', '')} {event.get('outcome', '')}".strip())
    if isinstance(findings, dict) and findings.get("findings"):
        first = findings["findings"][0]
        return printable(f"{findings.get('state')}: {first.get('kind', '')} {first.get('where', '')}")
    return ""


def _called(call: object) -> str:
    """Return what was called, up to what is said of it; nothing of what was refused before it was read."""
    called = f"{call.get('method', '')} {call.get('tool', '')}".strip() if isinstance(call, dict) else ""
    return f"{called}: " if called else ""


def _denied(denial: dict[str, Any]) -> str:
    times = f", {denial['repeated']} times" if "repeated" in denial else ""
    let_pass = "" if denial.get("enforced") else ", let pass (audit only)"
    return f"{_called(denial.get('call'))}{denial.get('rule')}{times}{let_pass}"


_OF_CALLS: Final[dict[str, Callable[[dict[str, Any], dict[str, Any]], str]]] = {
    "permit": lambda whole, permit: f"{_called(whole.get('call'))}{permit.get('rule')}",
    "outcome": lambda whole, outcome: (
        f"{_called(whole.get('call'))}{outcome.get('status')} of {outcome.get('decision')}"
    ),
    "denial": lambda _, denial: _denied(denial),
    "drift": lambda _, drift: f"{drift.get('principal')}: {drift.get('rule')}, {drift.get('response')}",
}
"""What the receipts of a portal say, by the field that holds it."""


def gist_of_bytes(octets: bytes) -> str:
    """Return the gist of a receipt's envelope, as a log holds it."""
    return gist(read_envelope(octets, where=_WHERE))
