"""What else of a reference reads otherwise: whatever field there is, by the name that it has on the wire.

A field that is new in the record is compared like every other; nobody has to think of it here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

import msgspec

from attest.codec import canonical
from attest.seal.differences import TermChange

_ORDERED: Final = frozenset({"process.argv", "process.parameters", "enforcement.hook.argv"})
"""Lists that mean something as a whole."""

_PAIRS: Final = {("name", "value"): "=", ("name", "path"): "=", ("identity", "issuer"): "@"}
"""Records that are one word, as flags spell them."""

_EMPTY: Final = "nothing"
_ORDER: Final = "the same in another order"


def changed_terms(
    old: msgspec.Struct, new: msgspec.Struct, *, told: Collection[str] = frozenset()
) -> Iterator[TermChange]:
    """Yield what differs between two records, by field; of those in `told` somebody else tells."""
    before, after = msgspec.to_builtins(old), msgspec.to_builtins(new)
    for name in sorted(before.keys() | after.keys()):
        if name not in told and before.get(name) != after.get(name):
            yield from changes_of_value(before.get(name), after.get(name), name)


def changes_of_value(old: Any, new: Any, name: str) -> Iterator[TermChange]:  # noqa: ANN401  (JSON values)
    """Yield what differs between two values of one field."""
    before, after = dict(_flat(old, name)), dict(_flat(new, name))
    for place in sorted(before.keys() | after.keys()):
        was, now = before.get(place), after.get(place)
        if was == now:
            continue
        if isinstance(was, tuple) and isinstance(now, tuple) and place not in _ORDERED:
            yield from changes_of_list(Counter(map(_item, was)), Counter(map(_item, now)), place)
        else:
            yield TermChange(name=place, old=_said(was), new=_said(now))


def changes_of_list(old: Counter[str], new: Counter[str], name: str) -> Iterator[TermChange]:
    """Yield what was taken out of a list and what was put in; if neither was, then they stand in another order."""
    gone, come = old - new, new - old
    yield from (TermChange(name=name, old=each) for each in gone.elements())
    yield from (TermChange(name=name, new=each) for each in come.elements())
    if not gone and not come:
        yield TermChange(name=name, new=_ORDER)


def _flat(value: Any, name: str) -> Iterator[tuple[str, Any]]:  # noqa: ANN401  (a JSON value)
    # A record without anything in it says something, too: that no variable may be set, for one.
    if not isinstance(value, Mapping) or not value:
        yield name, value
        return
    for key, inner in value.items():
        yield from _flat(inner, f"{name}.{key}")


def _said(value: Any) -> str | None:  # noqa: ANN401  (a JSON value)
    if value is None:
        return None
    return " ".join(map(_item, value)) or _EMPTY if isinstance(value, tuple) else _item(value)


def _item(value: Any) -> str:  # noqa: ANN401  (a JSON value)
    if not isinstance(value, Mapping | tuple):
        return str(value)
    if isinstance(value, Mapping) and (between := _PAIRS.get(tuple(sorted(value)))) is not None:
        return between.join(str(value[key]) for key in sorted(value))
    return canonical.encode_value(value).decode() if value else _EMPTY
