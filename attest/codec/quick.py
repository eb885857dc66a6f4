"""A record's twin for reading very many: the same values accepted, patterns checked through a cache.

Most texts in a log are the same in every receipt (keys, origins, references), and asking a regular expression about
each of them takes longer than all the rest of reading. The twin is a subclass, made from the record's own annotations,
so that the two cannot disagree; a property test compares them all the same. Equality of records looks at the class:
keep twins out of comparisons.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Annotated, Any, Final, TypeVar, cast, get_args, get_origin

import msgspec

from attest.codec.records import Record

R = TypeVar("R", bound=Record)

_CACHED_TEXTS: Final = 256
"""Of each pattern: more than the texts that stand in every receipt of some logs."""

_Fits = Callable[[str], object]


@functools.cache
def twin(kind: type[R], *inner: type[Record]) -> type[R]:
    """Return the twin of a record; fields that hold one of the `inner` records are twins too."""
    checks: list[tuple[str, _Fits, str]] = []
    fields: list[tuple[str, Any, Any]] = []
    for field in msgspec.structs.fields(kind):
        form, pattern = _without_pattern(field.type, inner)
        if pattern is not None:
            checks.append((field.name, _fits(pattern), pattern))
        if form is not field.type:
            default = field.default if field.default is not msgspec.NODEFAULT else msgspec.field()
            fields.append((field.name, form, default))
    after: Callable[[Any], None] | None = getattr(kind, "__post_init__", None)

    def __post_init__(self: Any) -> None:  # noqa: ANN401, N807  (a method of the class made below)
        for name, fits, pattern in checks:
            text = getattr(self, name)
            if text is not None and not fits(text):
                msg = f"Expected `str` matching regex {pattern!r}"
                raise ValueError(msg)
        if after is not None:
            after(self)

    made = msgspec.defstruct(
        kind.__name__, fields, bases=(kind,), namespace={"__post_init__": __post_init__}, kw_only=True, frozen=True
    )
    return cast("type[R]", made)


@functools.cache
def _fits(pattern: str) -> _Fits:
    return functools.lru_cache(_CACHED_TEXTS)(re.compile(pattern).search)


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
