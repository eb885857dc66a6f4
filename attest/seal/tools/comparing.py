"""What changed between two sets of tool rules: the definitions, which models read, and what callers may do."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

import msgspec

from attest.statement.tools.definitions import ToolDefinition
from attest.statement.tools.rules import ToolRules

_NOT_RULES: Final = frozenset({"definitions", "definitionsDigest"})
_KEYS: Final = ("name", "id")
"""What tells the elements of a list apart."""


class HowDefined(StrEnum):
    """What became of a tool's definition."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    RENAMED = "renamed"
    """Nothing but the name is another one."""


class ValueChange(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A value that reads otherwise now: its place, and both as JSON; None where it is not there."""

    name: str
    old: str | None = None
    new: str | None = None


class DefinitionChange(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A tool that is not described as it was; `values` are all of it for one that came or went."""

    name: str
    how: HowDefined
    values: tuple[ValueChange, ...] = ()
    old_name: str | None = None
    """Of one that was renamed."""


def compare_definitions(old: ToolRules | None, new: ToolRules | None) -> tuple[DefinitionChange, ...]:
    """Return the tools that came, went, were renamed or are described otherwise, by name."""
    before, after = _defined(old), _defined(new)
    gone, come = before.keys() - after.keys(), after.keys() - before.keys()
    renamed = dict(_renamed(before, after, sorted(gone), sorted(come)))
    changes = [DefinitionChange(name=new, how=HowDefined.RENAMED, old_name=old) for old, new in renamed.items()]
    for name in before.keys() | after.keys():
        if name in renamed or name in renamed.values() or before.get(name) == after.get(name):
            continue
        how = HowDefined.REMOVED if name in gone else HowDefined.ADDED if name in come else HowDefined.CHANGED
        values = tuple(changes_of(before.get(name, {}), after.get(name, {})))
        changes.append(DefinitionChange(name=name, how=how, values=values))
    return tuple(sorted(changes, key=lambda change: change.name))


def compare_rules(old: ToolRules | None, new: ToolRules | None) -> tuple[ValueChange, ...]:
    """Return what callers may do now and might not before, and the other way round, rule by rule."""
    return tuple(changes_of(_ruled(old), _ruled(new)))


def changes_of(old: Any, new: Any, name: str = "") -> Iterator[ValueChange]:  # noqa: ANN401  (JSON values)
    """Yield each value that differs; objects are gone into where both sides have one."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted(old.keys() | new.keys()):
            place = f"{name}.{key}" if name else key
            if key not in old or key not in new:
                was, now = (_text(side[key]) if key in side else None for side in (old, new))
                yield ValueChange(name=place, old=was, new=now)
            else:
                yield from changes_of(old[key], new[key], place)
    elif _text(old) != _text(new):
        yield ValueChange(name=name, old=_text(old), new=_text(new))


def _defined(rules: ToolRules | None) -> dict[str, Any]:
    definitions: Sequence[ToolDefinition] = () if rules is None else rules.definitions
    return {each.name: json.loads(each.text) for each in definitions}


def _renamed(
    before: Mapping[str, Any], after: Mapping[str, Any], gone: Sequence[str], come: Sequence[str]
) -> Iterator[tuple[str, str]]:
    taken: set[str] = set()
    for old in gone:
        for new in come:
            if new not in taken and {**before[old], "name": new} == after[new]:
                taken.add(new)
                yield old, new
                break


def _ruled(rules: ToolRules | None) -> Any:  # noqa: ANN401  (a JSON value)
    return {} if rules is None else _keyed({k: v for k, v in msgspec.to_builtins(rules).items() if k not in _NOT_RULES})


def _keyed(value: Any, field: str = "") -> Any:  # noqa: ANN401  (JSON values)
    """Lists of named things as objects, and schemas as what they say: then each thing is compared with itself."""
    if isinstance(value, dict):
        return {key: _keyed(inner, key) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        for key in _KEYS:
            if value and all(isinstance(each, dict) and key in each for each in value):
                return {each[key]: _keyed({k: v for k, v in each.items() if k != key}) for each in value}
        return list(value)
    return json.loads(value) if field == "arguments" and isinstance(value, str) else value


def _text(value: Any) -> str:  # noqa: ANN401  (a JSON value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
