"""A ruling: whether a request or an answer may pass, and which rule says so."""

from __future__ import annotations

from functools import lru_cache

import msgspec

from attest.appraisal.calls.kinds import RuleKind
from attest.codec.printable import printable
from attest.statement.tools.limits import Counter


class Ruling(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a rule decided, ready for a receipt.

    No dataclass, though it is never written: each call makes one, and a frozen dataclass takes as long as its schema.
    """

    permitted: bool
    rule: str
    """A `RuleKind`, with `:` and the id of the sealed rule where it has one."""
    reason: str = ""
    """For a person: one printable line, without anything of the arguments. Empty if permitted."""
    where: str | None = None
    """The place in the arguments, a JSON pointer; keys that the sealed rules do not name stand as `*`."""
    counters: tuple[Counter, ...] = ()
    """Every limit that applies, as it was found."""
    counter: Counter | None = None
    """The limit that refused."""


@lru_cache(maxsize=1024)
def permitted(kind: RuleKind, *, of: str | None = None) -> Ruling:
    """Return that it may pass by `kind`, and by the sealed rule `of`."""
    return Ruling(permitted=True, rule=_name(kind, of))


def refused(
    kind: RuleKind, reason: str, *, of: str | None = None, where: str | None = None, counter: Counter | None = None
) -> Ruling:
    """Return that it may not pass; `reason` may quote names of the sealed rules, never a value of the caller's."""
    where = None if where is None else printable(where)
    return Ruling(permitted=False, rule=_name(kind, of), reason=printable(reason), where=where, counter=counter)


def _name(kind: RuleKind, of: str | None) -> str:
    return str(kind) if of is None else f"{kind}:{of}"
