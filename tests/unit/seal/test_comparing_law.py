"""A law: no field of a reference changes without a line of `attest diff`.

References are made up from the types of the record, with every field that there is, whatever a reader would say of the
values. So a field that is new is among them by itself.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import msgspec
import pytest

from attest.cli.difference_text import render
from attest.seal.comparing import compare
from attest.seal.differences import Side
from attest.statement.predicates.runtime_reference import RuntimeReference
from attest.statement.profile import EnvironmentRules

Place = tuple[str | int, ...]


def made_up(kind: Any, seed: int) -> Any:
    """Return a value of a type, another one for every seed; every text is JSON, as some have to be."""
    value: Any = f'{{"text":"{seed:064x}"}}'
    match kind:
        case msgspec.inspect.StructType():
            fields = {field.name: made_up(field.type, seed + at) for at, field in enumerate(kind.fields, 1)}
            value = unchecked(kind.cls)(**fields)
        case msgspec.inspect.VarTupleType():
            value = (made_up(kind.item_type, seed), made_up(kind.item_type, seed + 50))
        case msgspec.inspect.UnionType():
            [inner] = [each for each in kind.types if not isinstance(each, msgspec.inspect.NoneType)]
            value = made_up(inner, seed)
        case msgspec.inspect.EnumType():
            value = list(kind.cls)[seed % len(kind.cls)]
        case msgspec.inspect.BoolType():
            value = bool(seed % 2)
        case msgspec.inspect.IntType():
            value = seed
        case _:
            assert isinstance(kind, msgspec.inspect.StrType), f"how is a value of {kind} made up?"
    return value


@cache
def unchecked(kind: type[msgspec.Struct]) -> type[msgspec.Struct]:
    """Return the record without the rules about which values fit each other."""
    nothing = {"__post_init__": lambda _self: None}
    return msgspec.defstruct(kind.__name__, [], bases=(kind,), namespace=nothing, frozen=True, kw_only=True)


WHOLE: Final[RuntimeReference] = made_up(msgspec.inspect.type_info(RuntimeReference), 1000)


def places(value: Any, place: Place = ()) -> Iterator[Place]:
    """Yield every field of a record, those of the records in it too, and every element of a list."""
    if isinstance(value, msgspec.Struct):
        inner: list[tuple[str | int, Any]] = [(name, getattr(value, name)) for name in value.__struct_fields__]
    else:
        inner = list(enumerate(value)) if isinstance(value, tuple) else []
    for name, each in inner:
        yield (*place, name)
        yield from places(each, (*place, name))


def at(value: Any, place: Place) -> Any:
    for name in place:
        value = value[name] if isinstance(name, int) else getattr(value, name)
    return value


def put(value: Any, place: Place, new: Any) -> Any:
    """Return the record with another value at a place."""
    if not place:
        return new
    name, *rest = place
    inner = put(at(value, (name,)), tuple(rest), new)
    if isinstance(name, int):
        return (*value[:name], inner, *value[name + 1 :])
    made = copy.copy(value)
    msgspec.structs.force_setattr(made, name, inner)
    return made


def others(value: Any) -> Iterator[Any]:
    """Yield what else could stand in the place of a value."""
    match value:
        case tuple():
            yield from (value[:-1], (*value, value[0]), value[::-1])
        case bool():
            yield not value
        case int():
            yield value + 1
        case msgspec.Struct():
            return
        case str() if type(value) is str:
            yield value.replace('"}', '0"}')
        case _:
            yield next(each for each in type(value) if each is not value)


def optional(place: Place) -> bool:
    record = type(at(WHOLE, place[:-1]))
    field = next((each for each in msgspec.structs.fields(record) if each.name == place[-1]), None)
    return field is not None and field.default is None


def side(reference: RuntimeReference) -> Side:
    return Side(digest="ab" * 32, reference=reference, artifacts=(), roots=(), entries=())


def told(old: RuntimeReference, new: RuntimeReference) -> list[str]:
    return list(render(side(old), side(new), compare(side(old), side(new)), every_file=False))


SAME: Final = told(WHOLE, WHOLE)


@pytest.mark.parametrize("field", RuntimeReference.__struct_fields__)
def test_whatever_field_of_a_reference_changes_there_is_a_line_that_says_so(field: str) -> None:
    assert "no difference" in SAME[-1]
    found = [place for place in places(WHOLE) if place[0] == field]
    assert found
    for place in found:
        value = at(WHOLE, place)
        new = [*others(value), *([None] if isinstance(place[-1], str) and optional(place) else [])]
        for each in new:
            changed = put(WHOLE, place, each)
            for lines in (told(WHOLE, changed), told(changed, WHOLE)):
                assert lines != SAME, (place, each)
                assert field == "sealed_at" or "no difference" not in lines[-1], (place, each)


def test_a_record_without_anything_in_it_is_not_the_same_as_none() -> None:
    place: Place = ("process", "environment")
    without, empty = put(WHOLE, place, None), put(WHOLE, place, EnvironmentRules())
    assert any("process.environment  + nothing" in line for line in told(without, empty))
