"""What a sealed argument schema may look like: every keyword known, every object closed or open on purpose, bounded.

JSON Schema lets unknown keywords, unknown formats and unnamed keys pass. In a rule that decides over calls, each of
them is a hole that looks like a wall, so they are refused when the rules are loaded, before anything is decided.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from attest.appraisal.calls.pointers import escape
from attest.appraisal.calls.schema_graph import SchemaGraph
from attest.appraisal.calls.values import MAX_SAFE
from attest.errors import MalformedError

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
MAX_SUBSCHEMAS: Final = 4096
MAX_DEPTH: Final = 32
"""Of schemas in schemas; real ones stay below 10."""
MAX_PATTERN_CHARACTERS: Final = 1024
WIDE_FORMATS: Final[Mapping[str, int]] = MappingProxyType({"int64": 2**63 - 1, "uint64": 2**64 - 1})
"""Formats (of OpenAPI) by which a schema says that it expects integers beyond 2^53, and how large they may be."""

INNER_ONE: Final = frozenset(
    {
        *("items", "contains", "additionalProperties", "propertyNames", "unevaluatedItems", "unevaluatedProperties"),
        *("contentSchema", "if", "then", "else", "not"),
    }
)
"""Keywords whose value is a schema."""
_LIST: Final = frozenset({"allOf", "anyOf", "oneOf"})
INNER_LISTS: Final = _LIST | {"prefixItems"}
"""Keywords whose value is an array of schemas."""
INNER_MAPS: Final = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
"""Keywords whose value is an object of schemas."""
_NARROWING: Final = frozenset({"if", "then", "else", "not", "dependentSchemas", "propertyNames", "contentSchema"})
"""What only keeps values out, so that a place without a type opens nothing."""
_SAME_VALUE: Final = _LIST | {"if", "then", "else", "not", "dependentSchemas"}
_PLAIN: Final = frozenset(
    {
        *("$schema", "$comment", "$ref", "type", "enum", "const", "title", "description", "default", "examples"),
        *("deprecated", "readOnly", "writeOnly", "format", "pattern", "minLength", "maxLength", "minimum", "maximum"),
        *("exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minItems", "maxItems", "uniqueItems"),
        *("minContains", "maxContains", "required", "minProperties", "maxProperties", "dependentRequired"),
        *("contentEncoding", "contentMediaType"),
    }
)
_KNOWN: Final = INNER_ONE | INNER_LISTS | INNER_MAPS | _PLAIN
_TYPED: Final = frozenset({"type", "enum", "const", "$ref"}) | _LIST
_OBJECT: Final = frozenset({"properties", "patternProperties", "required", "minProperties", "dependentRequired"})
_CLOSING: Final = frozenset({"additionalProperties", "unevaluatedProperties"})
_ENDING: Final = frozenset({"items", "unevaluatedItems"})


class SchemaForm(NamedTuple):
    """What the rules need to know of a schema beside what its engine does."""

    names: frozenset[str]
    """Every property that it names."""
    largest: int
    """The largest integer, either side of zero, that it expects: beyond 2^53 only with a `format` that says so."""
    is_open: bool
    """Whether any object may have keys that it does not name."""
    max_depth: int
    """How deep arguments may be nested before judging them could take too long."""


class _Place(NamedTuple):
    schema: Any
    pointer: str
    depth: int
    said: frozenset[str] = frozenset()
    """The keywords that schemas around it have for the same value."""
    admits: bool = True
    """It can let a value in; what else there is only keeps some out."""


def check(schema: Any, *, where: str) -> SchemaForm:  # noqa: ANN401  (a JSON value)
    """Return what there is to know of a schema that satisfies the meta-schema.

    Raises `MalformedError` for one that says less than it seems to. Every schema has to say what it admits: a type or
    fixed values, what becomes of keys that it does not name (`additionalProperties` or `unevaluatedProperties`), and
    what elements are (`items` or `unevaluatedItems`). `true` says so, too: anything, on purpose.
    """
    if isinstance(schema, dict) and not ({"$ref"} | _CLOSING) & schema.keys():
        raise MalformedError(where, "additionalProperties or unevaluatedProperties of the arguments", "neither")
    names: set[str] = set()
    largest, is_open, graph = MAX_SAFE, False, SchemaGraph(where)
    waiting = [_Place(schema, "", 0, frozenset({"type"}))]
    while waiting:
        place = waiting.pop()
        inner = () if isinstance(place.schema, bool) else tuple(_inner(place))
        graph.add(place.pointer, place.schema, [each.pointer for each in inner])
        if len(graph) > MAX_SUBSCHEMAS or place.depth > MAX_DEPTH:
            raise MalformedError(where, f"{MAX_SUBSCHEMAS} subschemas, {MAX_DEPTH} deep, at most", "more")
        is_open = is_open or _is_open(place.schema)
        if not isinstance(place.schema, bool):
            _check_one(place, f"{where}#{place.pointer}")
            names.update(place.schema.get("properties", ()))
            largest = max(largest, WIDE_FORMATS.get(place.schema.get("format", ""), 0))
            waiting.extend(inner)
    return SchemaForm(frozenset(names), largest, is_open, graph.max_depth())


def _is_open(schema: Any) -> bool:  # noqa: ANN401  (a JSON value)
    """Return whether a schema by itself admits an object with keys that it does not name."""
    if isinstance(schema, bool):
        return schema
    return "patternProperties" in schema or any(schema.get(key, False) is not False for key in _CLOSING)


def _check_one(place: _Place, where: str) -> None:
    schema = place.schema
    unknown = sorted(schema.keys() - _KNOWN)
    if unknown:
        raise MalformedError(where, "keywords of JSON Schema 2020-12 that a call is judged by", ascii(unknown[0]))
    if schema.get("$schema", DIALECT) not in {DIALECT, f"{DIALECT}#"}:
        raise MalformedError(where, DIALECT, ascii(schema["$schema"]))
    for pattern in (schema.get("pattern", ""), *schema.get("patternProperties", ())):
        if len(pattern) > MAX_PATTERN_CHARACTERS:
            raise MalformedError(where, f"a pattern of at most {MAX_PATTERN_CHARACTERS} characters", f"{len(pattern)}")
    if place.admits:
        _check_admitted(schema, place.said | schema.keys(), where)


def _check_admitted(schema: Mapping[str, Any], said: frozenset[str], where: str) -> None:
    kinds = schema.get("type", ())
    kinds = (kinds,) if isinstance(kinds, str) else kinds
    if not _TYPED & said:
        raise MalformedError(where, "a type, fixed values, or `true` for anything", "none of them")
    if ("object" in kinds or _OBJECT & schema.keys()) and not _CLOSING & said:
        raise MalformedError(where, "additionalProperties or unevaluatedProperties of an object", "neither")
    if ("array" in kinds or "prefixItems" in schema) and not _ENDING & said:
        raise MalformedError(where, "items or unevaluatedItems of an array", "neither")


def _inner(place: _Place) -> Iterator[_Place]:
    """Yield the schemas in a schema, with what is already said of the value that each is about."""
    said = (place.said | place.schema.keys()) & ((_TYPED | _CLOSING | _ENDING) - _LIST)
    for key, value in place.schema.items():
        if key in INNER_ONE:
            inner = [("", value)]
        elif key in INNER_LISTS:
            inner = [(f"/{index}", each) for index, each in enumerate(value)]
        elif key in INNER_MAPS:
            inner = [(f"/{escape(name)}", each) for name, each in value.items()]
        else:
            continue
        here = said if key in _SAME_VALUE else frozenset[str]()
        for step, each in inner:
            yield _Place(each, f"{place.pointer}/{key}{step}", place.depth + 1, here, key not in _NARROWING)
