"""Sub-mandates: none that `narrow` makes is wider than its parent, and nothing wider passes for one."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.appraisal.calls.compiling import compile_rules
from attest.codec import canonical, strict
from attest.errors import AttestError, MalformedError, RefusedError, UntrustedError
from attest.statement.predicates.runtime_reference import RuntimeReference
from attest.statement.tools.calls import OutcomeStatus
from attest.statement.tools.rules import ToolRules
from attest.trust.narrowing import CHECK, check_narrower, narrow
from tests.documents import after
from tests.evidence_story import change
from tests.laws import examples
from tests.mandates import CHILD, END, OTHER_DIGEST, PARENT, PARENT_DIGEST, TOOLS, narrowed
from tests.tool_rules import PLACES, Caller, call
from tests.world import STRANGER

SETS = st.sets(st.sampled_from(TOOLS))
ENDS = st.none() | st.integers(1, 2 * 86_400).map(after)


def check(child: RuntimeReference) -> None:
    check_narrower(child, PARENT, PARENT_DIGEST, where="child")


def caller(rules: ToolRules | None) -> Caller:
    assert rules is not None
    return Caller(compile_rules(rules, PLACES, str, working_directory="/srv/tree"))


@given(SETS, ENDS)
@examples(4)
def test_what_is_derived_is_a_sub_mandate_and_never_wider(tools: set[str], end: str | None) -> None:
    try:
        child = narrow(PARENT, PARENT_DIGEST, tools=tools, not_after=end, sealed_at=after(1))
    except RefusedError:
        assert (end or END) > END or ("write" in tools and not tools & {"login", "token"})
        return
    check(child)
    assert child.tools is not None
    assert {each.name for each in child.tools.tools} == tools
    assert child.tools.definitions == PARENT.tools.definitions  # type: ignore[union-attr]
    assert (child.validity.not_after or "") <= END


@given(SETS, st.lists(st.sampled_from(TOOLS), max_size=12))
@examples(4)
def test_no_story_is_permitted_by_a_sub_mandate_that_its_parent_would_refuse(tools: set[str], calls: list[str]) -> None:
    try:
        child = narrowed(PARENT, PARENT_DIGEST, *tools)
    except RefusedError:
        return
    narrower, wider = caller(child.tools), caller(PARENT.tools)
    for number, name in enumerate(calls):
        if narrower.ask(call(name), number).permitted:
            assert wider.ask(call(name), number).permitted
            assert name in tools
            for each in (narrower, wider):
                each.ledger.settle(f"{each.calls:032x}", size=1, status=OutcomeStatus.RESULT, now_ms=number)


MAY_DIFFER = frozenset({"sealedAt", "parent", "validity.notAfter", "tools.tools", "tools.sequences"})


def differing(one: Any, other: Any, name: str = "") -> Iterator[str]:
    """Yield the dotted names of what differs; written again here, as an oracle must not ask the judge."""
    for key in {*one, *other}:
        mine, theirs = one.get(key), other.get(key)
        if isinstance(mine, dict) and isinstance(theirs, dict):
            yield from differing(mine, theirs, f"{name}{key}.")
        elif mine != theirs:
            yield f"{name}{key}"


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """A sub-mandate with one value, anywhere in it, changed, left out or doubled."""
    document = copy.deepcopy(msgspec.to_builtins(CHILD))
    inside: list[Any] = [document]
    at: Any = document
    while True:
        key = draw(st.sampled_from(sorted(at) if isinstance(at, dict) else range(len(at))))
        if not isinstance(at[key], dict | list) or not at[key] or draw(st.integers(0, 3)) == 0:
            break
        at = at[key]
        inside.append(at)
    how = draw(st.sampled_from(["change", "leave out", "add"]))
    value = at[key]
    if how == "leave out":
        del at[key]
    elif how == "add" and isinstance(value, list):
        value.append(draw(st.sampled_from([*value, "x", OTHER_DIGEST])) if value else "x")
    elif isinstance(value, bool):
        at[key] = not value
    elif isinstance(value, int):
        at[key] = value + draw(st.integers(-2, 1_000_000))
    elif isinstance(value, str):
        at[key] = draw(st.sampled_from([value + "x", after(7), after(90_000), OTHER_DIGEST, "none", "alert"]))
    return document


@given(mutated())
@examples(20)
def test_no_single_change_makes_a_sub_mandate_wider(document: Any) -> None:
    try:
        child = strict.read(canonical.encode_value(document), RuntimeReference, where="child")
        check(child)
    except (MalformedError, UntrustedError):
        return
    parent = msgspec.to_builtins(PARENT)
    assert set(differing(document, parent)) <= MAY_DIFFER
    assert document["validity"]["notAfter"] <= END
    assert all(each in parent["tools"]["tools"] for each in document["tools"]["tools"])


WIDER = {
    "another tool": {"tools": narrowed(PARENT, PARENT_DIGEST, *TOOLS).tools},
    "a tool without its order": {"tools": change(narrowed(PARENT, PARENT_DIGEST, *TOOLS).tools, sequences=())},
    "no tool rules at all": {"tools": None},
    "a later end": {"validity__not_after": after(86_401)},
    "no end": {"validity__not_after": None},
    "an earlier beginning": {"validity__not_before": after(-7200)},
    "a longer time to live": {"validity__ttl_seconds": 86_401},
    "no time to live": {"validity__ttl_seconds": None},
    "a higher sequence": {"validity__sequence": 2},
    "another manifest": {"manifest__entries": 6},
    "another writer": {"writers": (STRANGER.keyid,)},
    "another deriver": {"derivers": (STRANGER.keyid,)},
    "less done on drift": {"enforcement__audit_only": True},
    "a longer gap": {"measurement__max_gap_seconds": 3600},
    "another parent": {"parent": OTHER_DIGEST},
    "no parent": {"parent": None},
}
GOOD = {"another tool"}
"""Within the parent, so that it is a sub-mandate as well, of more tools: what the cases below differ from."""


@pytest.mark.parametrize("how", sorted(WIDER))
def test_what_is_wider_is_refused_by_the_field_that_is(how: str) -> None:
    child = change(CHILD, **WIDER[how])
    if how in GOOD:
        check(child)
        return
    with pytest.raises(UntrustedError) as caught:
        check(child)
    assert caught.value.check == CHECK


@pytest.mark.parametrize("tools", [("forbidden",), ("read", "Read"), ("nothing",)])
def test_a_tool_that_the_parent_does_not_permit_is_not_handed_on(tools: tuple[str, ...]) -> None:
    with pytest.raises(RefusedError):
        narrowed(PARENT, PARENT_DIGEST, *tools)


def test_a_tool_is_not_derived_without_one_that_has_to_come_first() -> None:
    with pytest.raises(RefusedError, match="one of login, token beside it"):
        narrowed(PARENT, PARENT_DIGEST, "write")
    child = narrowed(PARENT, PARENT_DIGEST, "token", "write")
    assert child.tools is not None
    assert [each.first for each in child.tools.sequences] == [("token",)]


def test_without_tool_rules_only_the_end_can_be_narrower() -> None:
    bare = change(PARENT, tools=None)
    child = narrow(bare, PARENT_DIGEST, tools=None, not_after=after(60), sealed_at=after(0))
    check_narrower(child, bare, PARENT_DIGEST, where="child")
    with pytest.raises(RefusedError):
        narrow(bare, PARENT_DIGEST, tools=(), not_after=None, sealed_at=after(0))
    with pytest.raises(UntrustedError):
        check_narrower(CHILD, bare, PARENT_DIGEST, where="child")


def test_an_end_before_the_beginning_is_none() -> None:
    with pytest.raises(AttestError):
        narrow(PARENT, PARENT_DIGEST, tools=None, not_after=after(-7200), sealed_at=after(0))
