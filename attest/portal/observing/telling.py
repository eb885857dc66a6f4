"""A decision or an outcome as one object for a collector of logs: who, what, by which rule; no value, no token.

Denials say no reason here, and no place: those are for who may read the log.
"""

from __future__ import annotations

from typing import Final

from attest.codec import instant
from attest.portal.observing.observed import Observed
from attest.portal.session.effects import Permitted, Settled
from attest.statement.tools.calls import Call, Denial, Drifted, OutcomeStatus

_BAD: Final = frozenset({OutcomeStatus.ERROR, OutcomeStatus.LOST})

Told = dict[str, object]


def told_of(observed: Observed, now: int) -> Told:
    """Return what a line says; `now` in milliseconds since 1970."""
    receipt = observed.receipt
    return {
        **_content(observed),
        "time": instant.text(now),
        "sequence": None if receipt is None else receipt.sequence,
        "receipt": None if receipt is None else receipt.digest,
        "recorded": receipt is not None,
    }


def _content(observed: Observed) -> Told:
    content = observed.content
    match content:
        case Permitted():
            level = "info" if observed.receipt is not None else "error"
            return {"event": "permit", "level": level, "rule": content.permit.rule, **_call(content.call)}
        case Settled():
            outcome = content.outcome
            level = "warning" if outcome.status in _BAD else "info"
            told = {"status": outcome.status.value, "decision": outcome.decision, "milliseconds": outcome.milliseconds}
            return {"event": "outcome", "level": level, **told, **_call(content.call)}
        case Denial():
            told = {"rule": content.rule, "stage": content.stage.value, "enforced": content.enforced}
            counted = {"repeated": content.repeated, "decision": content.decision}
            return {"event": "denial", "level": "warning", **told, **counted, **_call(content.call)}
        case Drifted():
            told = {"rule": content.rule, "principal": content.principal, "response": content.response.value}
            return {"event": "caller-drift", "level": "error", **told}


def _call(call: Call) -> Told:
    return {
        "call": call.id,
        "round": call.round or None,
        "method": call.method,
        "tool": call.tool,
        "principal": call.principal,
    }
