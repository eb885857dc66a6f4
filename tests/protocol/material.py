"""What the conformance suite expects a server to offer: its tools, resources and prompts, and what they answer."""

from __future__ import annotations

import json
from typing import Any, Final

import mcp_types as types

IMAGE: Final = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR42mP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
"""One red pixel, PNG."""
AUDIO: Final = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQIAAAAAAA=="
"""One sample of silence, WAV."""

STATIC_TEXT: Final = "test://static-text"
STATIC_BINARY: Final = "test://static-binary"
WATCHED: Final = "test://watched-resource"
TEMPLATE: Final = "test://template/{id}/data"

NO_ARGUMENTS: Final = {"type": "object", "properties": {}, "additionalProperties": False}


def _text_argument(name: str, about: str) -> dict[str, Any]:
    return {"type": "object", "properties": {name: {"type": "string", "description": about}}, "required": [name]}


SCHEMA_TOOL: Final = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}

MIRRORED: Final = {
    "type": "object",
    "properties": {
        "region": {"type": "string", "x-mcp-header": "Region"},
        "priority": {"type": "integer", "x-mcp-header": "Priority"},
        "verbose": {"type": "boolean", "x-mcp-header": "Verbose"},
        "query": {"type": "string"},
    },
    "required": ["region", "query"],
}

_SIMPLE: Final = (
    "test_simple_text",
    "test_image_content",
    "test_audio_content",
    "test_embedded_resource",
    "test_multiple_content_types",
    "test_tool_with_logging",
    "test_tool_with_progress",
    "test_error_handling",
    "test_elicitation_sep1034_defaults",
    "test_elicitation_sep1330_enums",
    "test_input_required_result_elicitation",
    "test_input_required_result_sampling",
    "test_input_required_result_list_roots",
    "test_input_required_result_request_state",
    "test_input_required_result_multiple_inputs",
    "test_input_required_result_multi_round",
    "test_input_required_result_tampered_state",
    "test_input_required_result_capabilities",
    "test_missing_capability",
    "test_streaming_elicitation",
    "test_logging_tool",
    "test_trigger_tool_change",
    "test_trigger_prompt_change",
)

TOOLS: Final = (
    *(types.Tool(name=name, description=f"Fixture: {name}", input_schema=NO_ARGUMENTS) for name in _SIMPLE),
    types.Tool(name="test_sampling", description="Asks a model", input_schema=_text_argument("prompt", "To the model")),
    types.Tool(
        name="test_elicitation", description="Asks the user", input_schema=_text_argument("message", "To the user")
    ),
    types.Tool(name="json_schema_2020_12_tool", description="Rich schema", input_schema=SCHEMA_TOOL),
    types.Tool(name="test_headers", description="Arguments in header fields", input_schema=MIRRORED),
)

RESOURCES: Final = tuple(
    types.Resource(uri=uri, name=uri.removeprefix("test://"), description=f"Fixture: {uri}", mime_type=kind)
    for uri, kind in ((STATIC_TEXT, "text/plain"), (STATIC_BINARY, "image/png"), (WATCHED, "text/plain"))
)

TEMPLATES: Final = (
    types.ResourceTemplate(
        uri_template=TEMPLATE, name="template", description="Fixture: a template", mime_type="application/json"
    ),
)


def _argument(name: str) -> types.PromptArgument:
    return types.PromptArgument(name=name, description=f"Fixture: {name}", required=True)


PROMPTS: Final = (
    types.Prompt(name="test_simple_prompt", description="No arguments"),
    types.Prompt(
        name="test_prompt_with_arguments", description="Two arguments", arguments=[_argument("arg1"), _argument("arg2")]
    ),
    types.Prompt(
        name="test_prompt_with_embedded_resource", description="A resource", arguments=[_argument("resourceUri")]
    ),
    types.Prompt(name="test_prompt_with_image", description="An image"),
    types.Prompt(name="test_input_required_result_prompt", description="Asks for input first"),
)


def text(words: str) -> types.TextContent:
    """Return a piece of text."""
    return types.TextContent(type="text", text=words)


def image() -> types.ImageContent:
    """Return the image."""
    return types.ImageContent(type="image", data=IMAGE, mime_type="image/png")


def embedded(uri: str, words: str, kind: str = "text/plain") -> types.EmbeddedResource:
    """Return a resource inside a result."""
    return types.EmbeddedResource(
        type="resource", resource=types.TextResourceContents(uri=uri, mime_type=kind, text=words)
    )


CONTENTS: Final[dict[str, list[Any]]] = {
    "test_simple_text": [text("This is a simple text response for testing.")],
    "test_image_content": [image()],
    "test_audio_content": [types.AudioContent(type="audio", data=AUDIO, mime_type="audio/wav")],
    "test_embedded_resource": [embedded("test://embedded-resource", "This is an embedded resource content.")],
    "test_multiple_content_types": [
        text("Multiple content types test:"),
        image(),
        embedded("test://mixed-content-resource", '{"test":"data","value":123}', "application/json"),
    ],
    "test_headers": [text("the fields are those of the arguments")],
    "json_schema_2020_12_tool": [text("ok")],
    "test_logging_tool": [text("nothing was asked to be logged")],
    "test_streaming_elicitation": [text("nothing was asked")],
}
"""The tools that only answer."""


def prompt_messages(name: str, arguments: dict[str, str]) -> list[types.PromptMessage]:
    """Return the messages of a prompt."""
    contents: dict[str, list[Any]] = {
        "test_simple_prompt": [text("This is a simple prompt for testing.")],
        "test_prompt_with_arguments": [
            text(f"Prompt with arguments: arg1='{arguments.get('arg1')}', arg2='{arguments.get('arg2')}'")
        ],
        "test_prompt_with_embedded_resource": [
            embedded(arguments.get("resourceUri", STATIC_TEXT), "Embedded resource content for testing."),
            text("Please process the embedded resource above."),
        ],
        "test_prompt_with_image": [image(), text("Please analyze the image above.")],
    }
    return [types.PromptMessage(role="user", content=content) for content in contents[name]]


def resource_contents(uri: str) -> Any | None:
    """Return the content of a resource, None if there is none."""
    if uri == STATIC_TEXT:
        words = "This is the content of the static text resource."
        return types.TextResourceContents(uri=uri, mime_type="text/plain", text=words)
    if uri == STATIC_BINARY:
        return types.BlobResourceContents(uri=uri, mime_type="image/png", blob=IMAGE)
    if uri == WATCHED:
        return types.TextResourceContents(uri=uri, mime_type="text/plain", text="Watched resource content")
    head, tail = TEMPLATE.split("{id}")
    if uri.startswith(head) and uri.endswith(tail):
        number = uri[len(head) : -len(tail)]
        said = json.dumps({"id": number, "templateTest": True, "data": f"Data for ID: {number}"})
        return types.TextResourceContents(uri=uri, mime_type="application/json", text=said)
    return None
