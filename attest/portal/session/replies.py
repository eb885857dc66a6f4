"""What the portal itself says: errors to whoever waits for an answer, and its own listing of the tools.

Codes: JSON-RPC's own for what is no message; ours lie outside -32768..-32000, which MCP 2026-07-28 asks of new ones.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from attest.appraisal.calls.kinds import RuleKind
from attest.portal.session.messages import Id, Message
from attest.portal.session.methods import ERA_KEYS, META, TOOLS_LIST
from attest.portal.session.spans import with_member

DENIED: Final = -31001
"""A rule refused; `data` names it, and the receipt that says so."""
METHOD_NOT_FOUND: Final = -32601
"""JSON-RPC 2.0, 5.1."""
RECEIPT: Final = "io.github.mcp-attest/receipt"
"""The member of `_meta`, in the form that MCP 2026-07-28 demands of names that are not its own."""
LOST: Final = -31002
"""It was permitted, and no answer will come."""
BROKEN_OFF: Final = "the server ended its answer without saying one"


def error_reply(number: Id | None, code: int, message: str, data: Mapping[str, Any] | None = None) -> bytes:
    """Return an error response."""
    error: dict[str, Any] = {"code": code, "message": message}
    if data is not None:
        error["data"] = data
    return _write({"jsonrpc": "2.0", "id": number, "error": error})


def denial_reply(number: Id | None, rule: str, reason: str, receipt: str | None) -> bytes:
    """Return the answer to a request that a rule refused.

    A method that nobody names is answered as by a server that has none: clients ask for such things to find out.
    """
    data = {"rule": rule} if receipt is None else {"rule": rule, "receipt": f"sha256:{receipt}"}
    code = METHOD_NOT_FOUND if rule == RuleKind.METHOD_UNKNOWN else DENIED
    return error_reply(number, code, f"refused by the sealed rules, {rule}: {reason}", data)


def with_receipt(message: Message, receipt: str | None) -> bytes:
    """Return a result with the receipt of its permit in `_meta`, and every other byte as it was.

    An error, or a result whose `_meta` is no object or has such a member, stays as it is.
    """
    result = message.whole.get("result")
    if receipt is None or not isinstance(result, Mapping) or not isinstance(result.get(META, {}), Mapping):
        return message.octets
    return with_member(message.octets, ("result", META), RECEIPT, f'"sha256:{receipt}"'.encode())


def tools_list_request(number: str, *, cursor: str | None, meta: Mapping[str, Any] | None) -> bytes:
    """Return a request for a page of tools; `meta` is that of a caller who speaks 2026-07-28."""
    params: dict[str, Any] = {}
    if meta is not None:
        params[META] = {key: meta[key] for key in ERA_KEYS if key in meta}
    if cursor is not None:
        params["cursor"] = cursor
    return _write({"jsonrpc": "2.0", "id": number, "method": TOOLS_LIST, "params": params})


def _write(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
