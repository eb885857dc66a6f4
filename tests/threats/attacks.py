"""What every attack is held to: a receipt says by which rule it was refused, nobody got a byte, and its twin passes."""

from __future__ import annotations

import asyncio
import functools
import json
from collections.abc import Callable, Coroutine
from typing import Any, Final

from attest.statement.tools.calls import Denial
from attest.statement.tools.foreign import text_of
from attest.statement.tools.rules import ToolRule
from tests.portal_world import TEXT, make_tool_rules
from tests.sessions import Talk, opened
from tests.waiting import PATIENCE_SECONDS, come_true
from tests.web_world import World


def tool(name: str, schema: dict[str, Any] = TEXT, **rules: Any) -> ToolRule:
    """Return the rule of a tool of the small server."""
    return ToolRule(name=name, arguments=text_of(schema, where="schema"), **rules)


ECHO: Final = tool("echo")
SEEN: Final = tool("seen")


def ruled(*tools: ToolRule, **changes: Any) -> Talk:
    """Return a session under rules for these tools."""
    return opened(rules=make_tool_rules(*[each.name for each in tools], tools=tools, **changes))


def blocked(talk: Talk, rule: str, attack: bytes = b"") -> Denial:
    """Check that the last attack was refused by a rule, before a byte of it went on; return the receipt."""
    denial = talk.denials()[-1]
    assert denial.rule.split(":")[0] == rule
    assert denial.enforced
    assert attack not in talk.to_server
    assert talk.reply()["error"]["data"]["rule"] == denial.rule
    return denial


def passed(talk: Talk, twin: bytes) -> None:
    """Check that a benign request went on as it was, behind its receipt."""
    assert talk.to_server[-1] == twin
    assert talk.permits()


async def turned_away(world: World, rule: str, *answers: tuple[int, dict[str, str], bytes], status: int) -> Denial:
    """Check that attacks over HTTP got this status, one receipt at least, and no byte to the server."""
    assert [each[0] for each in answers] == [status] * len(answers)
    await come_true(lambda: bool(world.of(Denial)))
    denial: Denial = world.of(Denial)[-1]
    assert (denial.rule, denial.enforced) == (rule, True)
    assert world.got == []
    return denial


async def let_through(world: World, answer: tuple[int, dict[str, str], bytes]) -> None:
    """Check that a benign request over HTTP was answered by the server."""
    assert answer[0] == 200
    assert "result" in json.loads(answer[2])
    assert len(world.got) == 1


def told(story: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """Run a story in an event loop, bounded."""

    @functools.wraps(story)
    def run() -> None:
        asyncio.run(asyncio.wait_for(story(), PATIENCE_SECONDS))

    return run
