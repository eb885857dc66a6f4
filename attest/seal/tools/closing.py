"""From the schema that a server gives for its arguments to the one that is sealed: closed, typed, without remarks.

A server's schema mostly says nothing of arguments that it does not name, and JSON Schema lets them pass. Here every
object that says nothing of other keys is closed. Where schemas are combined for one value (`allOf`, a `$ref` beside
`properties`), the whole is closed (`unevaluatedProperties`), since closing each part would refuse the others.

What cannot be judged is left out, and the server's own check of it is left to the server: remarks, formats that no
standard names, patterns with look-around, keywords of older drafts that mean nothing today.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from attest.errors import MalformedError

MAX_DEPTH: Final = 32
"""Of schemas in schemas, as where they are judged."""

_REMARKS: Final = frozenset(
    {
        *("$schema", "$id", "$comment", "title", "description", "default", "examples", "deprecated", "readOnly"),
        *("writeOnly", "contentEncoding", "contentMediaType", "contentSchema"),
    }
)
_ONE: Final = ("items", "contains", "additionalProperties", "unevaluatedProperties", "unevaluatedItems")
_MAP: Final = ("properties", "patternProperties", "$defs", "definitions")
_CONDITIONS: Final = ("if", "then", "else", "not", "propertyNames", "dependentSchemas")
_BRANCHES: Final = ("allOf", "anyOf", "oneOf")
_COMBINING: Final = frozenset({*_BRANCHES, "$ref", "if", "then", "else", "dependentSchemas"})
_CLOSING: Final = frozenset({"additionalProperties", "unevaluatedProperties"})
_OF_OBJECTS: Final = frozenset(
    {"properties", "patternProperties", "required", "minProperties", "maxProperties", "dependentRequired"}
)
_OF_ARRAYS: Final = frozenset({"items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains"})
_OF_STRINGS: Final = frozenset({"pattern", "minLength", "maxLength", "format"})
_OF_NUMBERS: Final = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"})
_TYPED: Final = frozenset({"type", "enum", "const", "$ref", *_BRANCHES})
_ABOUT: Final = {
    "object": _OF_OBJECTS | _CLOSING | {"propertyNames", "dependentSchemas"},
    "array": _OF_ARRAYS,
    "string": _OF_STRINGS,
    "number": _OF_NUMBERS,
}
_PLAIN: Final = frozenset({"$ref", "type", "enum", "const", "minContains", "maxContains"})
_KNOWN: Final = frozenset(
    {*_ONE, *_MAP, *_CONDITIONS, *_BRANCHES, *_OF_OBJECTS, *_OF_ARRAYS, *_OF_STRINGS, *_OF_NUMBERS, *_PLAIN}
)
_FORMATS: Final = frozenset(
    {
        *("date-time", "date", "time", "duration", "email", "idn-email", "hostname", "idn-hostname", "ipv4", "ipv6"),
        *("uri", "uri-reference", "iri", "iri-reference", "uuid", "uri-template", "json-pointer"),
        *("relative-json-pointer", "regex"),
        *("int64", "uint64"),
    }
)
"""JSON Schema 2020-12, Validation, 7.3; and those of OpenAPI that say how large a number may be."""
_BEYOND_LINEAR: Final = re.compile(r"\(\?(?:=|!|<=|<!)|\\[1-9]|\\k<")
"""Look-around and back references: matching them can take for ever, so that no judge of calls does."""

_Schema = dict[str, Any]


def closed(schema: Mapping[str, Any], *, where: str) -> _Schema:
    """Return the schema of arguments that is sealed for what a server, or a person, gives; see the module.

    Raises `MalformedError` for one that cannot be closed without refusing what it admits, or that nests too deep.
    """
    work = _Closing(where)
    made = work.whole(schema, 0)
    if not isinstance(made, dict):
        made = {}
    if "$ref" not in made:
        made.setdefault("type", "object")
        _close(made)
    for reference in sorted(work.parts):
        raise MalformedError(
            where,
            "definitions that stand for a whole value",
            f"{reference[:80]!a} as one part of several",
            hint="write the schema of this tool's arguments yourself: `schema` instead of `arguments`",
        )
    return made


class _Closing:
    """One schema under work."""

    def __init__(self, where: str) -> None:
        self._where = where
        self.parts: set[str] = set()
        """References that stand for a part of a value; what they lead to is closed as a whole."""

    def whole(self, schema: Any, depth: int) -> Any:  # noqa: ANN401  (a schema)
        """Close a schema that alone describes a value."""
        made = _typed(self._part(schema, depth))
        if isinstance(made, dict) and ("object" in _kinds(made) or _is_combined(made)):
            _close(made)
        return made

    def _part(self, schema: Any, depth: int) -> Any:  # noqa: ANN401  (a schema)
        """Leave out what nobody can judge, and close everything in a schema, but not itself."""
        if isinstance(schema, bool):
            return schema
        if not isinstance(schema, dict) or depth > MAX_DEPTH:
            raise MalformedError(self._where, f"schemas, nested up to {MAX_DEPTH}", type(schema).__name__)
        known = {key: value for key, value in _today(schema).items() if key in _KNOWN and not _is_beyond(key, value)}
        combined = _is_combined(known)
        if combined and isinstance(known.get("$ref"), str):
            self.parts.add(known["$ref"])
        return {key: self._inside(key, value, depth + 1, part=combined) for key, value in known.items()}

    def _inside(self, key: str, value: Any, depth: int, *, part: bool) -> Any:  # noqa: ANN401  (any JSON value)
        if key in _ONE:
            return self.whole(value, depth)
        if key in _MAP and isinstance(value, dict):
            return {name: self.whole(each, depth) for name, each in value.items()}
        if (key == "prefixItems" or (key in _BRANCHES and not part)) and isinstance(value, list):
            return [self.whole(each, depth) for each in value]
        if key in _BRANCHES and isinstance(value, list):
            return [self._branch(each, depth) for each in value]
        return value

    def _branch(self, schema: Any, depth: int) -> Any:  # noqa: ANN401  (a schema)
        made = _typed(self._part(schema, depth))
        if isinstance(made, dict) and isinstance(made.get("$ref"), str):
            self.parts.add(made["$ref"])
        return made


def _is_combined(schema: _Schema) -> bool:
    """Whether several schemas describe one object together, so that none of them may be closed alone."""
    own = bool({"properties", "patternProperties"} & schema.keys() and _COMBINING & schema.keys())
    several = sum(key in schema for key in (*_BRANCHES, "$ref")) > 1
    every = schema.get("allOf")
    return own or several or (isinstance(every, list) and len(every) > 1)


def _close(schema: _Schema) -> None:
    if not _CLOSING & schema.keys():
        schema["unevaluatedProperties" if _COMBINING & schema.keys() else "additionalProperties"] = False


def _typed(schema: Any) -> Any:  # noqa: ANN401  (a schema)
    """Give a schema the type that its keywords are about, and elements that may be anything; True for one without."""
    if not isinstance(schema, dict):
        return schema
    if not _TYPED & schema.keys():
        for kind, words in _ABOUT.items():
            if words & schema.keys():
                schema["type"] = kind
                break
    if not schema:
        return True
    if "array" in _kinds(schema) and not {"items", "unevaluatedItems"} & schema.keys():
        schema["items"] = True
    return schema


def _kinds(schema: _Schema) -> list[Any]:
    kinds = schema.get("type", [])
    return kinds if isinstance(kinds, list) else [kinds]


def _today(schema: Mapping[str, Any]) -> _Schema:
    """Tuples as older drafts spelled them, in the words of 2020-12."""
    made = dict(schema)
    if isinstance(made.get("items"), list):
        made["prefixItems"] = made.pop("items")
        if "additionalItems" in made:
            made["items"] = made.pop("additionalItems")
    return made


def _is_beyond(key: str, value: Any) -> bool:  # noqa: ANN401  (any JSON value)
    if key == "format":
        return not isinstance(value, str) or value not in _FORMATS
    return key == "pattern" and isinstance(value, str) and _BEYOND_LINEAR.search(value) is not None


def left_out(schema: Any, pointer: str = "", depth: int = 0) -> Iterator[str]:  # noqa: ANN401  (a schema)
    """Yield, for people, what of a server's schema is not judged here: `pattern of /email`."""
    if not isinstance(schema, dict) or depth > MAX_DEPTH:
        return
    for key, value in schema.items():
        if _is_beyond(key, value) or (key not in _KNOWN and key not in _REMARKS and key != "additionalItems"):
            yield f"{key} of {pointer or 'the whole'}"
    for name, inner in (schema.get("properties") or {}).items() if isinstance(schema.get("properties"), dict) else ():
        yield from left_out(inner, f"{pointer}/{name}", depth + 1)
    yield from left_out(schema.get("items"), f"{pointer}/-", depth + 1)
