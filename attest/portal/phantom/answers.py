"""Answers made up from a sealed tool definition: what has the sealed shape, and the same for the same question.

The weaker of the two phantoms, for where no second instance of the server can be started: content is invented, so a
caller that knows what the answer should be will tell.
"""

from __future__ import annotations

import hashlib
import json
import random
import string
from collections.abc import Mapping
from typing import Any, Final

MAX_DEPTH: Final = 12
"""A schema may refer to itself: below this depth only what it requires, and nothing that is optional."""

_WORDS: Final = ("alpha", "current", "default", "entry", "item", "local", "main", "primary", "record", "value")
_FORMATS: Final = {
    "date": "2026-03-14",
    "date-time": "2026-03-14T09:26:53Z",
    "time": "09:26:53Z",
    "email": "ops@internal.example",
    "uri": "https://internal.example/item",
    "uuid": "4f1c7a52-8b0e-4d39-9a66-2c5d1f0e7b83",
    "ipv4": "192.0.2.14",
    "ipv6": "2001:db8::14",
    "hostname": "internal.example",
}
MOST_VALUES: Final = 1_000
"""In one answer: a schema that refers to itself in several places would go on for ever. As many again if required."""
_SMALL: Final = 40
_MOST_CHARACTERS: Final = 4096
_LARGEST: Final = 2**53
_FINEST: Final = 1e-6
_FEW: Final = 2


def answer(definition: Mapping[str, Any], arguments: Any, secret: bytes) -> dict[str, Any]:  # noqa: ANN401
    """Return a result of `tools/call`: equal for equal questions, and not to be foretold without `secret`."""
    asked = json.dumps([definition.get("name"), arguments], sort_keys=True, ensure_ascii=True).encode()
    chance = random.Random(hashlib.sha256(secret + asked).digest())  # noqa: S311  (a decoy, no key)
    schema = definition.get("outputSchema")
    if not isinstance(schema, Mapping):
        return {"content": [{"type": "text", "text": _words(chance)}], "isError": False}
    value = _Maker(schema, chance).make(schema, 0)
    text = json.dumps(value, ensure_ascii=False)
    return {"content": [{"type": "text", "text": text}], "structuredContent": value, "isError": False}


class _Maker:
    """Makes values that satisfy the parts of JSON Schema that output schemas use; the rest is not looked at."""

    def __init__(self, root: Mapping[str, Any], chance: random.Random) -> None:
        self._root = root
        self._chance = chance
        self._left = MOST_VALUES

    def make(self, schema: Any, depth: int) -> Any:  # noqa: ANN401  (JSON values)
        """Return a value of a schema."""
        self._left -= 1
        if not isinstance(schema, Mapping) or depth > 2 * MAX_DEPTH or self._left < -MOST_VALUES:
            return None
        schema = self._resolved(schema)
        for name in ("const", "default"):
            if name in schema:
                return schema[name]
        for name in ("enum", "examples"):
            if isinstance(schema.get(name), list) and schema[name]:
                return self._chance.choice(schema[name])
        for name in ("oneOf", "anyOf", "allOf"):
            if isinstance(schema.get(name), list) and schema[name]:
                parts = schema[name] if name == "allOf" else schema[name][:1]
                merged = {key: value for key, value in schema.items() if key != name}
                for part in parts:
                    merged |= self._resolved(part)
                return self.make(merged, depth + 1)
        return self._of_type(schema, depth)

    def _of_type(self, schema: Mapping[str, Any], depth: int) -> Any:  # noqa: ANN401  (JSON values)
        kind = schema.get("type", "object" if "properties" in schema else "string")
        kind = kind[0] if isinstance(kind, list) and kind else kind
        if kind == "object":
            return self._object(schema, depth)
        if kind == "array":
            return self._array(schema, depth)
        if isinstance(kind, str) and kind in {"integer", "number"}:
            return self._number(schema)
        if kind == "boolean":
            return self._chance.random() < 0.5  # noqa: PLR2004  (a coin)
        return None if kind == "null" else self._text(schema)

    def _object(self, schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
        properties = schema.get("properties")
        properties = properties if isinstance(properties, Mapping) else {}
        required = schema.get("required")
        required = required if isinstance(required, list) else ()
        made: dict[str, Any] = {}
        for name, inner in properties.items():
            if name in required or (depth < MAX_DEPTH and self._left > 0):
                made[name] = self.make(inner, depth + 1)
        return made

    def _array(self, schema: Mapping[str, Any], depth: int) -> list[Any]:
        least = _number_of(schema, "minItems", 0)
        most = _number_of(schema, "maxItems", max(least, _FEW))
        number = least if depth >= MAX_DEPTH or self._left <= 0 else max(least, min(most, _FEW))
        return [self.make(schema.get("items", {}), depth + 1) for _ in range(int(min(number, _SMALL)))]

    def _number(self, schema: Mapping[str, Any]) -> int | float:
        low = _number_of(schema, "minimum", _number_of(schema, "exclusiveMinimum", 0))
        high = _number_of(schema, "maximum", _number_of(schema, "exclusiveMaximum", max(low, 0) + 1000))
        step = _number_of(schema, "multipleOf", 1)
        step = step if step >= _FINEST else 1
        drawn: int | float = self._chance.randint(int(low) + 1, max(int(low) + 1, int(high) - 1)) // step * step
        return min(max(drawn, low), high)

    def _text(self, schema: Mapping[str, Any]) -> str:
        text = _FORMATS.get(str(schema.get("format")), "") or _words(self._chance)
        least = int(min(_number_of(schema, "minLength", 0), _MOST_CHARACTERS))
        most = int(min(max(0, _number_of(schema, "maxLength", _MOST_CHARACTERS)), _MOST_CHARACTERS))
        text += "".join(self._chance.choices(string.ascii_lowercase, k=max(0, least - len(text))))
        return text[:most]

    def _resolved(self, schema: Any) -> Mapping[str, Any]:  # noqa: ANN401  (JSON values)
        """Follow local references (RFC 6901), at most `MAX_DEPTH` of them."""
        for _ in range(MAX_DEPTH):
            target = schema.get("$ref") if isinstance(schema, Mapping) else None
            if not isinstance(target, str) or not target.startswith("#/"):
                break
            schema = self._root
            for part in target[2:].split("/"):
                name = part.replace("~1", "/").replace("~0", "~")
                schema = schema.get(name, {}) if isinstance(schema, Mapping) else {}
        return schema if isinstance(schema, Mapping) else {}


def _number_of(schema: Mapping[str, Any], name: str, otherwise: float) -> int | float:
    """Return what a keyword says; what is no number, as where a server's schema is none, says nothing."""
    value = schema.get(name)
    return value if isinstance(value, int | float) and -_LARGEST <= value <= _LARGEST else otherwise


def _words(chance: random.Random) -> str:
    return " ".join(chance.sample(_WORDS, 3))
