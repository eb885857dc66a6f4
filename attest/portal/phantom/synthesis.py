"""Messages answered without a server: what it said of itself, the sealed definitions, and results that are made up."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final, final

from attest.portal.phantom import answers
from attest.portal.session.messages import Kind, Message, read_message
from attest.portal.session.methods import META, PROTOCOL_VERSION, TOOLS_CALL, TOOLS_LIST
from attest.statement.tools.rules import ToolRules

_METHOD_NOT_FOUND: Final = -32601
_TEXT: Final = "text/plain"


@final
class Synthesis:
    """A server in name only; pure: equal questions get equal answers."""

    def __init__(self, rules: ToolRules, remembered: Mapping[str, bytes], secret: bytes) -> None:
        """Answer by sealed definitions and by what the server said of itself; `secret` seeds the rest."""
        self._definitions = {each.name: json.loads(each.text) for each in rules.definitions}
        self._said = {method: json.loads(octets) for method, octets in remembered.items()}
        self._secret = secret
        self._style = _style_of(next(iter(remembered.values()), b"{}"))

    def answer(self, octets: bytes) -> tuple[str | None, bytes] | None:
        """Return the tool that is called, if one is, and the response; None to what wants none."""
        message = read_message(octets)
        if not isinstance(message, Message) or message.kind is not Kind.REQUEST:
            return None
        params = message.params or {}
        body = self._remembered(message) or self._made(message.method, params)
        if "result" in body and _is_stateless(params):
            body = {"result": {"resultType": "complete", **body["result"]}}
        tool = params.get("name") if message.method == TOOLS_CALL else None
        return tool, self._style(message.id, body)

    def _remembered(self, message: Message) -> dict[str, Any] | None:
        said = self._said.get(message.method)
        if said is None or "cursor" in (message.params or {}):
            return None
        return {name: said[name] for name in ("result", "error") if name in said}

    def _made(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        make = _MADE.get(method)
        if method == TOOLS_CALL and params.get("name") in self._definitions:
            definition = self._definitions[params["name"]]
            return {"result": answers.answer(definition, params.get("arguments"), self._secret)}
        if method == TOOLS_LIST:
            return {"result": {"tools": list(self._definitions.values())}}
        if make is None:
            return {"error": {"code": _METHOD_NOT_FOUND, "message": "Method not found"}}
        asked = {key: value for key, value in params.items() if key != META}
        said = answers.answer({"name": method}, asked, self._secret)
        return {"result": make(params, said["content"][0]["text"])}


def _is_stateless(params: Mapping[str, Any]) -> bool:
    """Return whether a request is of 2026-07-28, whose results say of what type they are."""
    meta = params.get(META)
    return isinstance(meta, Mapping) and PROTOCOL_VERSION in meta


def _opened(params: Mapping[str, Any], _text: str) -> dict[str, Any]:
    server = {"name": "server", "version": "1.0.0"}
    return {"protocolVersion": params.get("protocolVersion"), "capabilities": {"tools": {}}, "serverInfo": server}


def _read(params: Mapping[str, Any], text: str) -> dict[str, Any]:
    return {"contents": [{"uri": params.get("uri"), "mimeType": _TEXT, "text": text}]}


def _prompted(_params: Mapping[str, Any], text: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": {"type": "text", "text": text}}]}


def _completed(_params: Mapping[str, Any], _text: str) -> dict[str, Any]:
    return {"completion": {"values": [], "total": 0, "hasMore": False}}


_MADE: Final[Mapping[str, Callable[[Mapping[str, Any], str], dict[str, Any]]]] = {
    "initialize": _opened,
    "ping": lambda _params, _text: {},
    "logging/setLevel": lambda _params, _text: {},
    "resources/subscribe": lambda _params, _text: {},
    "resources/unsubscribe": lambda _params, _text: {},
    "resources/read": _read,
    "prompts/get": _prompted,
    "completion/complete": _completed,
}

Style = Callable[[Any, Mapping[str, Any]], bytes]
"""Writes a response as the server writes its own."""


def _style_of(sample: bytes) -> Style:
    """Return how a server writes: the order of the outermost members, spaces, and what is not ASCII."""
    order = [name for name in json.loads(sample) if name in {"jsonrpc", "id"}] or ["jsonrpc", "id"]
    last = next(iter(json.loads(sample)), "jsonrpc") in {"jsonrpc", "id"}
    spaced, plain = b'": ' in sample, sample.isascii()

    def write(number: Any, body: Mapping[str, Any]) -> bytes:  # noqa: ANN401  (a JSON value)
        head = {name: "2.0" if name == "jsonrpc" else number for name in order}
        whole = {**head, **body} if last else {**body, **head}
        separators = (", ", ": ") if spaced else (",", ":")
        return json.dumps(whole, separators=separators, ensure_ascii=plain and spaced).encode()

    return write
