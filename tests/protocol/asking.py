"""Tools and a prompt that ask the client for something: inside results since 2026-07-28, by requests before."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import mcp_types as types
from mcp.shared.exceptions import MCPError

Asked = Mapping[str, Any] | None


def elicit(message: str, schema: dict[str, Any]) -> types.ElicitRequest:
    """Return a question to the user."""
    return types.ElicitRequest(params=types.ElicitRequestFormParams(message=message, requested_schema=schema))


def sample(prompt: str, max_tokens: int = 100) -> types.CreateMessageRequest:
    """Return a question to the model."""
    content = types.TextContent(type="text", text=prompt)
    message = types.SamplingMessage(role="user", content=content)
    return types.CreateMessageRequest(
        params=types.CreateMessageRequestParams(messages=[message], max_tokens=max_tokens)
    )


def one(name: str, kind: str = "string") -> dict[str, Any]:
    """Return the schema of a form with one field."""
    return {"type": "object", "properties": {name: {"type": kind}}, "required": [name]}


NAME: Final = elicit("What is your name?", one("name"))

ROUNDS: Final[dict[str, tuple[tuple[dict[str, Any], str | None], ...]]] = {
    "test_input_required_result_elicitation": (({"user_name": NAME}, None),),
    "test_input_required_result_sampling": (({"capital_question": sample("What is the capital of France?")}, None),),
    "test_input_required_result_list_roots": (({"client_roots": types.ListRootsRequest()}, None),),
    "test_input_required_result_request_state": (({"confirm": elicit("Please confirm", one("ok", "boolean"))}, "one"),),
    "test_input_required_result_tampered_state": (
        ({"confirm": elicit("Please confirm", one("ok", "boolean"))}, "one"),
    ),
    "test_input_required_result_multiple_inputs": (
        (
            {
                "user_name": NAME,
                "greeting": sample("Generate a greeting", 50),
                "client_roots": types.ListRootsRequest(),
            },
            "one",
        ),
    ),
    "test_input_required_result_multi_round": (
        ({"step1": elicit("Step 1: What is your name?", one("name"))}, "one"),
        ({"step2": elicit("Step 2: What is your favorite color?", one("color"))}, "two"),
    ),
    "test_input_required_result_prompt": (
        ({"user_context": elicit("What context should the prompt use?", one("context"))}, None),
    ),
}
"""For each tool, and the prompt: what it asks in each round, and the state that it gives to the client to keep."""


def next_round(name: str, params: Any) -> types.InputRequiredResult | None:
    """Return what is still to be asked, None if everything was answered. Answers that nobody asked for are ignored."""
    rounds = ROUNDS[name]
    states = [state for _, state in rounds]
    kept = params.request_state
    if kept is not None and kept not in states:
        raise MCPError(types.INVALID_PARAMS, "a state that this server did not give")
    at = 0 if kept is None else states.index(kept)
    answers = params.input_responses or {}
    if kept == states[at] and set(rounds[at][0]) <= set(answers):
        at += 1
    if at == len(rounds):
        return None
    requests, state = rounds[at]
    return types.InputRequiredResult(input_requests=requests, request_state=state)


def within_capabilities(meta: Any) -> types.InputRequiredResult:
    """Ask for what the client says that it can do, and for nothing else."""
    declared = (meta or {}).get("io.modelcontextprotocol/clientCapabilities", {})
    possible: dict[str, Any] = {
        "elicitation": NAME,
        "sampling": sample("Say something"),
        "roots": types.ListRootsRequest(),
    }
    requests = {f"ask_{name}": request for name, request in possible.items() if name in declared}
    return types.InputRequiredResult(input_requests=requests or None, request_state="asked")


DEFAULTS: Final = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "default": "John Doe"},
        "age": {"type": "integer", "default": 30},
        "score": {"type": "number", "default": 95.5},
        "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
        "verified": {"type": "boolean", "default": True},
    },
    "required": [],
}


def _titled(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"const": value, "title": title} for value, title in pairs]


ENUMS: Final = {
    "type": "object",
    "properties": {
        "untitledSingle": {"type": "string", "enum": ["option1", "option2", "option3"]},
        "titledSingle": {"type": "string", "oneOf": _titled(("value1", "First Option"), ("value2", "Second Option"))},
        "legacyEnum": {"type": "string", "enum": ["opt1", "opt2"], "enumNames": ["Option One", "Option Two"]},
        "untitledMulti": {"type": "array", "items": {"type": "string", "enum": ["option1", "option2", "option3"]}},
        "titledMulti": {
            "type": "array",
            "items": {"anyOf": _titled(("value1", "First Choice"), ("value2", "Second Choice"))},
        },
    },
    "required": [],
}

PERSON: Final = {
    "type": "object",
    "properties": {
        "username": {"type": "string", "description": "User's response"},
        "email": {"type": "string", "description": "User's email address"},
    },
    "required": ["username", "email"],
}


async def ask_model(session: Any, arguments: Mapping[str, Any], request: Any) -> str:
    """Ask the client's model, as revisions before 2026-07-28 do it."""
    content = types.TextContent(type="text", text=str(arguments.get("prompt")))
    answer = await session.create_message(
        [types.SamplingMessage(role="user", content=content)], max_tokens=100, related_request_id=request
    )
    return f"LLM response: {getattr(answer.content, 'text', '')}"


def _asker(words: str, message: str | None, schema: dict[str, Any]) -> Callable[[Any, Any, Any], Awaitable[str]]:
    async def ask_user(session: Any, arguments: Mapping[str, Any], request: Any) -> str:
        answer = await session.elicit_form(message or str(arguments.get("message")), schema, related_request_id=request)
        return f"{words}: action={answer.action}, content={json.dumps(answer.content)}"

    return ask_user


BY_REQUEST: Final[dict[str, Callable[[Any, Any, Any], Awaitable[str]]]] = {
    "test_sampling": ask_model,
    "test_elicitation": _asker("User response", None, PERSON),
    "test_elicitation_sep1034_defaults": _asker("Elicitation completed", "Please check", DEFAULTS),
    "test_elicitation_sep1330_enums": _asker("Elicitation completed", "Please choose", ENUMS),
}
