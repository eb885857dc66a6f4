"""A record's twin for reading very many: the same values accepted, each pattern asked only about what is new.

Most texts in a log are the same in every receipt (keys, origins, references), and asking a regular expression about
each of them takes longer than all the rest of reading. The twin is a subclass, made from the record's own annotations,
so that the two cannot disagree; a property test compares them all the same. Equality of records looks at the class:
keep twins out of comparisons.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from operator import attrgetter
from typing import Annotated, Any, Final, TypeVar, cast, get_args, get_origin

import msgspec

from attest.codec.records import Record, Timestamp

R = TypeVar("R", bound=Record)

_TIME: Final = get_args(Timestamp)[1].pattern
"""Not asked: every record with a time reads it with `instant.parse`, which demands the same form and more."""


@functools.cache
def twin(kind: type[R], *inner: type[Record]) -> type[R]:
    """Return the twin of a record; fields that hold one of the `inner` records are twins too."""
    patterns: dict[str, str] = {}
    fields: list[tuple[str, Any, Any]] = []
    for field in msgspec.structs.fields(kind):
        form, pattern = _without_pattern(field.type, inner)
        if pattern is not None and pattern != _TIME:
            patterns[field.name] = pattern
        if form is not field.type:
            default = field.default if field.default is not msgspec.NODEFAULT else msgspec.field()
            fields.append((field.name, form, default))
    after: Callable[[Any], None] | None = getattr(kind, "__post_init__", None)
    check = _checker(patterns) if patterns else None

    def __post_init__(self: Any) -> None:  # noqa: ANN401, N807  (a method of the class made below)
        if check is not None:
            check(self)
        if after is not None:
            after(self)

    made = msgspec.defstruct(
        kind.__name__, fields, bases=(kind,), namespace={"__post_init__": __post_init__}, kw_only=True, frozen=True
    )
    return cast("type[R]", made)


def _checker(patterns: dict[str, str]) -> Callable[[Any], None]:
    """Return a check of some text fields that remembers the last record which passed."""
    asked = tuple(re.compile(pattern) for pattern in patterns.values())
    take: Callable[[Any], Any] = attrgetter(*patterns)
    single = len(patterns) == 1
    passed: tuple[str | None, ...] = (None,) * len(patterns)

    def check(record: Any) -> None:  # noqa: ANN401  (a record of the kind that has these fields)
        nonlocal passed
        texts = (take(record),) if single else take(record)
        for text, before, form in zip(texts, passed, asked, strict=True):
            if text != before and text is not None and not form.search(text):
                msg = f"Expected `str` matching regex {form.pattern!r}"
                raise ValueError(msg)
        passed = texts

    return check


def _without_pattern(form: Any, inner: tuple[type[Record], ...]) -> tuple[Any, str | None]:  # noqa: ANN401  (a type form)
    """Return the type of a field without its pattern, and the pattern; twins in place of inner records."""
    if isinstance(form, type) and form in inner:
        return twin(form, *inner), None
    if get_origin(form) is Annotated and get_args(form)[0] is str:
        [meta] = get_args(form)[1:]
        if meta.pattern is None:
            return form, None
        return Annotated[str, msgspec.Meta(min_length=meta.min_length, max_length=meta.max_length)], meta.pattern
    arguments = [_without_pattern(argument, inner) for argument in get_args(form)]
    if get_origin(form) is tuple and arguments[-1][0] is not get_args(form)[-1] and arguments[0][1] is None:
        return tuple[tuple(each for each, _ in arguments)], None  # type: ignore[misc]  # a type made at run time
    if type(None) in get_args(form) and len(arguments) == 2:  # noqa: PLR2004  (something or None)
        [(some, pattern)] = [each for each in arguments if each[0] is not type(None)]
        return some | None, pattern
    return form, None
