"""Sub-mandates: what is exactly as its parent, but for fewer tools and an earlier end.

One rule makes them and judges them: a sub-mandate is what `narrow` makes of its parent, and any other difference from
it, to whichever side, is refused. So no field that is yet to come can be forgotten here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

import msgspec

from attest.codec import instant
from attest.errors import RefusedError, UntrustedError
from attest.statement.predicates.runtime_reference import RuntimeReference
from attest.statement.tools.rules import Order, SequenceRule, ToolRules

MAX_DEPTH: Final = 4
"""Parents, and parents of parents, that one sub-mandate may have: each costs whoever opens it a signature."""

CHECK: Final = "authenticity.sub-mandate"
"""The check of `attest verify` that one fails which is wider, or by a key that its parent does not name."""


def narrow(
    parent: RuntimeReference, digest: str, *, tools: Collection[str] | None, not_after: str | None, sealed_at: str
) -> RuntimeReference:
    """Return the sub-mandate of `parent`, which has this `digest`, with these of its tools alone, until `not_after`.

    None: as in the parent. Raises `RefusedError` for what would be wider, and for a tool without one that has to come
    first; `MalformedError` for times that contradict each other.
    """
    rules, validity = parent.tools, parent.validity
    if tools is not None:
        if rules is None:
            raise RefusedError("tools", "a parent with tool rules", "one without: a portal permits none by it")
        rules = _fewer(rules, frozenset(tools))
    if not_after is not None:
        _check_end(not_after, validity.not_after)
        validity = msgspec.structs.replace(validity, not_after=not_after)
    return msgspec.structs.replace(parent, sealed_at=sealed_at, validity=validity, tools=rules, parent=digest)


def check_narrower(child: RuntimeReference, parent: RuntimeReference, digest: str, *, where: str) -> None:
    """Refuse, with `UntrustedError`, what is not a sub-mandate of `parent`, which has this `digest`."""
    tools = None if child.tools is None else [each.name for each in child.tools.tools]
    try:
        own = narrow(parent, digest, tools=tools, not_after=child.validity.not_after, sealed_at=child.sealed_at)
    except RefusedError as error:
        raise UntrustedError(f"{where}: {error.where}", error.expected, error.found, check=CHECK) from error
    other = next(_differing(child, own), None)
    if other is not None:
        raise UntrustedError(f"{where}: {other}", "what the parent says", "another", check=CHECK)


def _check_end(not_after: str, latest: str | None) -> None:
    if latest is not None and instant.parse(not_after, where="notAfter") > instant.parse(latest, where="notAfter"):
        raise RefusedError("notAfter", f"{latest} or earlier, the end of the parent", not_after)


def _fewer(rules: ToolRules, kept: frozenset[str]) -> ToolRules:
    """Return the rules with `kept` of their tools; the definitions stay whole: they say what the server has to be."""
    allowed = [each.name for each in rules.tools]
    for name in sorted(kept.difference(allowed)):
        found = ascii(name)[:300]
        raise RefusedError("tools", f"one that the parent permits: {', '.join(map(ascii, allowed))[:300]}", found)
    tools = tuple(each for each in rules.tools if each.name in kept)
    return msgspec.structs.replace(rules, tools=tools, sequences=tuple(_sequences(rules, kept)))


def _sequences(rules: ToolRules, kept: frozenset[str]) -> Iterator[SequenceRule]:
    """Yield the orders that still say something of the tools that are left."""
    for rule in rules.sequences:
        first = tuple(name for name in rule.first if name in kept)
        then = tuple(name for name in rule.then if name in kept)
        if then and first:
            yield msgspec.structs.replace(rule, first=first, then=then)
        elif then and rule.order is Order.REQUIRED:
            # Without the rule the tool could be called at once, and with it never.
            raise RefusedError(f"tool {then[0]!a}", f"one of {', '.join(rule.first)} beside it, to come first", "none")


def _differing(one: msgspec.Struct, other: msgspec.Struct, name: str = "") -> Iterator[str]:
    """Yield the names of the fields in which two records differ, as they are on the wire."""
    for field in msgspec.structs.fields(one):
        mine, theirs = getattr(one, field.name), getattr(other, field.name)
        if mine == theirs:
            continue
        if type(mine) is type(theirs) and isinstance(mine, msgspec.Struct):
            yield from _differing(mine, theirs, f"{name}{field.encode_name}.")
        else:
            yield f"{name}{field.encode_name}"
