"""Tool rules of a small server: what tests of the rules ask about, and requests to ask with."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any, Final

from attest.appraisal.calls.asked import Asked
from attest.appraisal.calls.compiling import compile_rules
from attest.appraisal.calls.ledger import Ledger
from attest.appraisal.calls.rulebook import Rulebook
from attest.appraisal.calls.ruling import Ruling
from attest.statement.tools.definitions import ToolDefinition, definition_of, digest_of_set
from attest.statement.tools.foreign import text_of
from attest.statement.tools.principals import Principal, PrincipalKind
from attest.statement.tools.rules import ToolRule, ToolRules

ALICE: Final = Principal(name="alice", kind=PrincipalKind.LOCAL)
BOB: Final = Principal(name="bob", kind=PrincipalKind.TOKEN)
MALLORY: Final = Principal(name="mallory", kind=PrincipalKind.TOKEN)
"""Nobody that the rules name."""

PLACES: Final = {"tree": "/srv/tree"}
ANYTHING: Final[dict[str, Any]] = {"type": "object", "additionalProperties": True}


def closed(properties: Mapping[str, Any], *required: str, **more: Any) -> dict[str, Any]:
    """Return the schema of an object that has these properties and no others."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
        **more,
    }


def schema_text(schema: Any) -> str:
    """Return a schema as rules hold it."""
    return text_of(schema, where="schema")


def tool(name: str, schema: Any = ANYTHING, **changes: Any) -> ToolRule:
    """Return the rule of a tool."""
    return ToolRule(name=name, arguments=schema_text(schema), **changes)


def definition(name: str) -> ToolDefinition:
    """Return a tool as a server would describe it."""
    return definition_of({"name": name, "inputSchema": {"type": "object"}})


def rules(*tools: ToolRule, principals: tuple[Principal, ...] = (ALICE, BOB), **changes: Any) -> ToolRules:
    """Return the rules of a server that has these tools, and one that may not be called."""
    allowed = sorted(tools, key=lambda each: each.name)
    definitions = tuple(definition(name) for name in sorted({*(each.name for each in allowed), "forbidden"}))
    return ToolRules(
        definitions=definitions,
        definitions_digest=digest_of_set((each.name, each.sha256) for each in definitions),
        tools=tuple(allowed),
        principals=principals,
        **changes,
    )


def book(*tools: ToolRule, **changes: Any) -> Rulebook:
    """Return compiled rules; links are not followed, for there are none."""
    return compile_rules(rules(*tools, **changes), PLACES, posixpath.normpath, working_directory="/srv/tree")


def call(name: str, arguments: Mapping[str, Any] | None = None, **changes: Any) -> Asked:
    """Return a request to call a tool."""
    given: dict[str, Any] = {"method": "tools/call", "name": name, "size": 100, "principal": ALICE}
    return Asked(arguments={} if arguments is None else arguments, **{**given, **changes})


class Caller:
    """Somebody who asks, and whose requests are counted as a portal counts them."""

    def __init__(self, rulebook: Rulebook, ledger: Ledger | None = None) -> None:
        """Ask by these rules."""
        self.book = rulebook
        self.ledger = rulebook.ledger() if ledger is None else ledger
        self.calls = 0

    def ask(self, asked: Asked, now_ms: int = 0, call_id: str | None = None) -> Ruling:
        """Decide and count."""
        ruling = self.book.decide(asked, self.ledger, now_ms)
        if ruling.permitted:
            self.calls += 1
            self.ledger.permit(asked, call_id or f"{self.calls:032x}", now_ms)
        else:
            self.ledger.deny(asked, now_ms)
        return ruling
