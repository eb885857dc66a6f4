"""A server that the official conformance suite is content with, over HTTP or standard input and output.

`python server.py PORT` or `python server.py stdio`; written with the `mcp` package. Through the portal exactly what
passes directly has to pass.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any, Final

import mcp_types as types
import uvicorn
from mcp.server.lowlevel import Server
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity
from mcp.server.stdio import stdio_server
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, PromptsListChanged, ToolsListChanged
from mcp.shared.exceptions import MCPError

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.protocol import asking, material

PAUSE_SECONDS: Final = 0.05
"""Between two notifications of one call: the suite wants to see each arrive by itself."""

BUS: Final = InMemorySubscriptionBus()
SCHEMAS: Final = {tool.name: tool.input_schema for tool in material.TOOLS}


async def list_tools(_ctx: Any, _params: Any) -> types.ListToolsResult:
    return types.ListToolsResult(tools=list(material.TOOLS), ttl_ms=0, cache_scope="private")


async def list_resources(_ctx: Any, _params: Any) -> types.ListResourcesResult:
    return types.ListResourcesResult(resources=list(material.RESOURCES), ttl_ms=0, cache_scope="private")


async def list_templates(_ctx: Any, _params: Any) -> types.ListResourceTemplatesResult:
    templates = list(material.TEMPLATES)
    return types.ListResourceTemplatesResult(resource_templates=templates, ttl_ms=0, cache_scope="private")


async def list_prompts(_ctx: Any, _params: Any) -> types.ListPromptsResult:
    return types.ListPromptsResult(prompts=list(material.PROMPTS), ttl_ms=0, cache_scope="private")


async def read_resource(_ctx: Any, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
    uri = str(params.uri)
    contents = material.resource_contents(uri)
    if contents is None:
        raise MCPError(types.INVALID_PARAMS, "Resource not found", {"uri": uri})
    return types.ReadResourceResult(contents=[contents], ttl_ms=0, cache_scope="private")


async def get_prompt(_ctx: Any, params: types.GetPromptRequestParams) -> Any:
    if params.name in asking.ROUNDS:
        wanted = asking.next_round(params.name, params)
        said = material.text("The context was given.")
        return wanted or types.GetPromptResult(messages=[types.PromptMessage(role="user", content=said)])
    if params.name not in {prompt.name for prompt in material.PROMPTS}:
        raise MCPError(types.INVALID_PARAMS, "Unknown prompt", {"name": params.name})
    return types.GetPromptResult(messages=material.prompt_messages(params.name, dict(params.arguments or {})))


async def complete(_ctx: Any, params: types.CompleteRequestParams) -> types.CompleteResult:
    values = [word for word in ("paris", "park", "party") if word.startswith(params.argument.value)]
    return types.CompleteResult(completion=types.Completion(values=values, total=len(values), has_more=False))


async def nothing(_ctx: Any, _params: Any) -> types.EmptyResult:
    return types.EmptyResult()


async def call_tool(ctx: Any, params: types.CallToolRequestParams) -> Any:
    name, arguments = params.name, params.arguments or {}
    if name in material.CONTENTS:
        return types.CallToolResult(content=material.CONTENTS[name])
    if name in asking.ROUNDS:
        wanted = asking.next_round(name, params)
        return wanted or answered(params)
    if name in asking.BY_REQUEST:
        said = await asking.BY_REQUEST[name](ctx.session, arguments, ctx.request_id)
        return types.CallToolResult(content=[material.text(said)])
    if name in SPECIAL:
        return await SPECIAL[name](ctx)
    raise MCPError(types.INVALID_PARAMS, f"Unknown tool: {name}")


def answered(params: types.CallToolRequestParams) -> types.CallToolResult:
    said = " ".join(str(answer) for answer in (params.input_responses or {}).values())
    return types.CallToolResult(content=[material.text(f"state-ok: {said}")])


async def with_logging(ctx: Any) -> types.CallToolResult:
    for words in ("Tool execution started", "Tool processing data", "Tool execution completed"):
        await ctx.session.send_log_message("info", words, related_request_id=ctx.request_id)
        await asyncio.sleep(PAUSE_SECONDS)
    return types.CallToolResult(content=[material.text("executed")])


async def with_progress(ctx: Any) -> types.CallToolResult:
    for done in (0, 50, 100):
        await ctx.session.report_progress(done, 100)
        await asyncio.sleep(PAUSE_SECONDS)
    return types.CallToolResult(content=[material.text("executed")])


async def with_error(_ctx: Any) -> types.CallToolResult:
    words = "This tool intentionally returns an error for testing"
    return types.CallToolResult(content=[material.text(words)], is_error=True)


async def within_capabilities(ctx: Any) -> types.InputRequiredResult:
    return asking.within_capabilities(ctx.meta)


async def needs_capability(ctx: Any) -> types.CallToolResult:
    if not ctx.session.check_client_capability(types.ClientCapabilities(sampling=types.SamplingCapability())):
        needed = types.ClientCapabilities(sampling=types.SamplingCapability())
        data = types.MissingRequiredClientCapabilityErrorData(required_capabilities=needed)
        raise MCPError(
            types.MISSING_REQUIRED_CLIENT_CAPABILITY,
            "sampling is needed",
            data.model_dump(by_alias=True, mode="json", exclude_none=True),
        )
    return types.CallToolResult(content=[material.text("the client can do it")])


async def change_tools(_ctx: Any) -> types.CallToolResult:
    await BUS.publish(ToolsListChanged())
    return types.CallToolResult(content=[material.text("said")])


async def change_prompts(_ctx: Any) -> types.CallToolResult:
    await BUS.publish(PromptsListChanged())
    return types.CallToolResult(content=[material.text("said")])


SPECIAL: Final[dict[str, Any]] = {
    "test_tool_with_logging": with_logging,
    "test_tool_with_progress": with_progress,
    "test_error_handling": with_error,
    "test_input_required_result_capabilities": within_capabilities,
    "test_missing_capability": needs_capability,
    "test_trigger_tool_change": change_tools,
    "test_trigger_prompt_change": change_prompts,
}


def make_server() -> Server[Any]:
    """Return the server, without a transport."""
    server: Server[Any] = Server(
        "conformance-fixture",
        version="1.0.0",
        get_tool_input_schema=SCHEMAS.get,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_resources=list_resources,
        on_list_resource_templates=list_templates,
        on_read_resource=read_resource,
        on_subscribe_resource=nothing,
        on_unsubscribe_resource=nothing,
        on_subscriptions_listen=ListenHandler(BUS),
        on_list_prompts=list_prompts,
        on_get_prompt=get_prompt,
        on_completion=complete,
        on_set_logging_level=nothing,
    )
    server.middleware.append(RequestStateBoundary(RequestStateSecurity.ephemeral(), default_audience="fixture"))
    return server


async def over_stdio() -> None:
    """Serve until standard input ends."""
    server = make_server()
    async with stdio_server() as (reading, writing):
        await server.run(reading, writing, server.create_initialization_options())


if __name__ == "__main__":
    if sys.argv[1] == "stdio":
        asyncio.run(over_stdio())
    else:
        uvicorn.run(make_server().streamable_http_app(), host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
