"""What callers used, as a portal's receipts tell it: permitted calls, and those that audit-only mode let pass; pure.

Nothing is verified: what is learned is a proposal, and a person decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from attest.codec import strict
from attest.signing.dsse import payload_of, read_envelope

_WHERE: Final = "receipt"


@dataclass(frozen=True, kw_only=True)
class Used:
    """Names of tools that were called, and of prompts that were taken."""

    tools: frozenset[str] = frozenset()
    prompts: frozenset[str] = frozenset()


NOTHING: Final = Used()


def used_in(receipts: Iterable[bytes]) -> Used:
    """Return what the calls behind these receipts (envelopes) were about; raise `MalformedError` for what is none."""
    found: dict[str, set[str]] = {"tools/call": set(), "prompts/get": set()}
    for receipt in receipts:
        statement = strict.parse(payload_of(read_envelope(receipt, where=_WHERE), where=_WHERE), where=_WHERE)
        call = _went_through(statement.get("predicate"))
        method, name = call.get("method"), call.get("tool")
        if isinstance(name, str) and isinstance(method, str) and method in found:
            found[method].add(name)
    return Used(tools=frozenset(found["tools/call"]), prompts=frozenset(found["prompts/get"]))


def _went_through(predicate: Any) -> dict[str, Any]:  # noqa: ANN401  (a JSON value)
    """Return the call that a receipt says was forwarded, an empty one for any other receipt."""
    if not isinstance(predicate, dict):
        return {}
    denial = predicate.get("denial")
    if isinstance(denial, dict):
        return denial["call"] if denial.get("enforced") is False and isinstance(denial.get("call"), dict) else {}
    call = predicate.get("call")
    return call if isinstance(call, dict) else {}
