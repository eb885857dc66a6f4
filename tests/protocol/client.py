"""A client of the `mcp` package, as the official suite has it tested: what a scenario wants, at the URL given last.

The suite says in variables which scenario it is, and in which revision.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import mcp_types as types
from mcp.client import Client

REVISION: Final = os.environ.get("MCP_CONFORMANCE_PROTOCOL_VERSION", "2026-07-28")
MODERN: Final = "2026-07-28"


def defaults(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a form holds that nobody filled in."""
    properties: dict[str, Any] = schema.get("properties", {})
    return {name: of.get("default", True) for name, of in properties.items()}


async def elicit(context: Any, params: Any) -> types.ElicitResult | types.ErrorData:
    """Accept a form as it is."""
    schema = params.requested_schema
    return types.ElicitResult(action="accept", content=defaults(schema))


def connect(url: str) -> Client:
    """Return a client in the revision of the scenario."""
    return Client(url, mode="auto" if REVISION == MODERN else "legacy", elicitation_callback=elicit)


async def listing(client: Client) -> None:
    """List the tools."""
    await client.list_tools()


async def adding(client: Client) -> None:
    """Call the one tool there is."""
    await client.list_tools()
    await client.call_tool("add_numbers", {"a": 5, "b": 3})


async def calling(client: Client) -> None:
    """Call every tool that there is, without arguments."""
    for tool in (await client.list_tools()).tools:
        await client.call_tool(tool.name, {})


async def rounds(client: Client) -> None:
    """Call every tool; one answers without `resultType`, which this package does not read, and the suite counts."""
    for tool in (await client.list_tools()).tools:
        with contextlib.suppress(ValueError):
            await client.call_tool(tool.name, {})


async def calling_valid(client: Client) -> None:
    """Call every tool that the package lets through."""
    for tool in (await client.list_tools()).tools:
        await client.call_tool(tool.name, {"region": "us-west1"})


async def asking_all(client: Client) -> None:
    """Use tools, resources and prompts."""
    for tool in (await client.list_tools()).tools:
        await client.call_tool(tool.name, {})
    for resource in (await client.list_resources()).resources:
        await client.read_resource(resource.uri)
    for prompt in (await client.list_prompts()).prompts:
        await client.get_prompt(prompt.name)


async def mirroring(client: Client) -> None:
    """Make the calls that the suite says."""
    await client.list_tools()
    for call in json.loads(os.environ["MCP_CONFORMANCE_CONTEXT"])["toolCalls"]:
        await client.call_tool(call["name"], call["arguments"])


STORIES: Final[dict[str, Callable[[Client], Awaitable[None]]]] = {
    "initialize": listing,
    "tools_call": adding,
    "elicitation-sep1034-client-defaults": calling,
    "sse-retry": calling,
    "request-metadata": listing,
    "sep-2322-client-request-state": rounds,
    "http-standard-headers": asking_all,
    "http-custom-headers": mirroring,
    "http-invalid-tool-headers": calling_valid,
    "json-schema-ref-no-deref": listing,
}


async def main(url: str) -> None:
    """Do what the scenario wants."""
    async with connect(url) as client:
        await STORIES[os.environ["MCP_CONFORMANCE_SCENARIO"]](client)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[-1]))
