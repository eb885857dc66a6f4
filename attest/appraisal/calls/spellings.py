"""Keys that differ in case alone from one that a rule is about: readers in Go and C# take them for the same.

Where a schema admits keys that it does not name, `{"Amount": 5000}` would keep a rule about `amount`, and be read as
that all the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from attest.appraisal.calls.schema_form import INNER_LISTS, INNER_MAPS, INNER_ONE

_MEMBER: Final = re.compile(r"\.\s*\??\s*([A-Za-z_][A-Za-z0-9_]*)\b(?!\s*\()")
_TEXT: Final = re.compile(r'"([^"\\]*)"|\'([^\'\\]*)\'')


def narrowed(schema: Any) -> Any:  # noqa: ANN401  (a JSON value)
    """Return a schema that refuses, beside what it does already, other spellings of what its objects name.

    To be judged beside the original: within `not` and `oneOf` a narrower schema may let more through.
    """
    if not isinstance(schema, dict):
        return schema
    made = {key: _narrowed_in(key, value) for key, value in schema.items()}
    if names := schema.get("properties"):
        made["allOf"] = [*made.get("allOf", ()), {"propertyNames": _no_other_spelling(names)}]
    return made


def _narrowed_in(key: str, value: Any) -> Any:  # noqa: ANN401  (a JSON value)
    if key in INNER_ONE:
        return narrowed(value)
    if key in INNER_LISTS:
        return [narrowed(each) for each in value]
    return {name: narrowed(each) for name, each in value.items()} if key in INNER_MAPS else value


def _no_other_spelling(names: Mapping[str, Any]) -> dict[str, Any]:
    # Simple case folding of Unicode, as Go's: the Kelvin sign is a `k`.
    any_case = "|".join(map(re.escape, names))
    return {"anyOf": [{"enum": list(names)}, {"not": {"pattern": f"^(?i:{any_case})$"}}]}


class Spellings:
    """What a condition in CEL names, where arguments may have keys that their schema does not name."""

    def __init__(self, expression: str, named: frozenset[str]) -> None:
        """Take every member and every text in the expression, whatever it is there for; `named` are the schema's."""
        texts = {text for match in _TEXT.findall(expression) for text in match if text}
        words = texts | set(_MEMBER.findall(expression))
        self._known = named | words
        self._folded = frozenset(each.casefold() for each in words)

    def has_other(self, arguments: Mapping[str, Any]) -> bool:
        """Return whether any key, at whatever level, is another spelling of a word of the condition."""
        waiting: list[Any] = [arguments]
        while waiting:
            each = waiting.pop()
            if isinstance(each, Mapping):
                if any(key not in self._known and key.casefold() in self._folded for key in each):
                    return True
                waiting.extend(each.values())
            elif isinstance(each, list):
                waiting.extend(each)
        return False
