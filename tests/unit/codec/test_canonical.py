"""The canonical encoder: for every record the same bytes as the definition's reference implementation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, get_origin

import msgspec
import msgspec.inspect as mi
import pytest
import rfc8785
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from attest.codec import canonical, instant, strict
from attest.codec.records import MAX_SAFE_INTEGER, Record
from attest.errors import MalformedError
from attest.signing.dsse import Envelope
from attest.statement.attachments import Attachment
from attest.statement.manifest import Entry, ManifestEnd, ManifestHeader
from attest.statement.predicates import PREDICATES
from attest.statement.predicates.runtime_reference import RuntimeReference
from attest.statement.statement import Statement
from attest.tlog.entry import LogEntry
from tests.documents import REFERENCE
from tests.laws import examples

STATEMENTS = [Statement[predicate] for predicate in PREDICATES.values()]  # type: ignore[valid-type]
WRITTEN = [*STATEMENTS, ManifestHeader, Entry, ManifestEnd, Envelope, LogEntry, Attachment]
"""Every record that is written in canonical form, with all that it is made of. A trust file has any layout."""

INTERWOVEN = (Entry, Statement[RuntimeReference])
"""Their fields depend on one another so much that random ones hardly ever fit; they have tests of their own."""

TEXT = st.text() | st.text("\x00\x07\x08\t\n\f\r\x1b\"\\/\x7f\x80\u2028\ufeff\ue000\U0001f600<>&'", max_size=6)
INSTANTS = st.integers(0, instant.parse("9999-12-31T23:59:59.999Z")).map(instant.text)


def parts(kind: mi.Type) -> Iterator[mi.Type]:
    """Yield a type and every type that it is made of."""
    yield kind
    match kind:
        case mi.StructType():
            for field in kind.fields:
                yield from parts(field.type)
        case mi.VarTupleType() | mi.ListType():
            yield from parts(kind.item_type)
        case mi.UnionType():
            for one in kind.types:
                yield from parts(one)
        case mi.Metadata():
            yield from parts(kind.type)
        case _:
            pass


def values(kind: mi.Type) -> st.SearchStrategy[Any]:
    """Return JSON values of a type, as far as the type tells; checks that span fields may still refuse them."""
    match kind:
        case mi.StructType():
            return structs(kind)
        case mi.VarTupleType():
            return st.lists(values(kind.item_type), min_size=kind.min_length or 0, max_size=2)
        case mi.UnionType():
            return st.one_of([values(one) for one in kind.types])
        case mi.Metadata():
            return values(kind.type)
        case _:
            return simple_values(kind)


def simple_values(kind: mi.Type) -> st.SearchStrategy[Any]:
    if isinstance(kind, mi.StrType):
        return texts(kind)
    if isinstance(kind, mi.IntType):
        # One length of time for all: rules compare them with each other.
        return st.just(60) if kind.ge == 1 else st.integers(kind.ge, kind.le)
    if isinstance(kind, mi.EnumType):
        return st.sampled_from([one.value for one in kind.cls])
    if isinstance(kind, mi.LiteralType):
        return st.sampled_from(kind.values)
    return {mi.BoolType: st.booleans(), mi.BytesType: st.binary(max_size=9), mi.NoneType: st.none()}[type(kind)]


def texts(kind: mi.StrType) -> st.SearchStrategy[str]:
    pattern = kind.pattern
    if pattern is None:
        return TEXT.map(lambda text: (text + "x")[: kind.max_length])
    if "T[0-9]" in pattern:
        return INSTANTS
    if digits := re.fullmatch(r"\^\[0-9a-f\]\{(\d+)\}\$.*", pattern):
        return st.binary(min_size=int(digits[1]) // 2, max_size=int(digits[1]) // 2).map(bytes.hex)
    if pattern.startswith(r"^[^\x00"):
        return TEXT.map(lambda text: re.sub(r"[\x00-\x1f\x7f]", "", text) + "x")
    return st.from_regex(pattern.replace(r"$(?!\n)", r"\Z")).filter(lambda text: len(text) <= 4096)


def structs(kind: mi.StructType) -> st.SearchStrategy[dict[str, Any]]:
    always = {field.encode_name for field in kind.fields if field.required or field.encode_name == "sha256"}
    fields = {field.encode_name: values(field.type) for field in kind.fields}
    required = {name: fields.pop(name) for name in always}
    tag = {} if kind.tag_field is None else {kind.tag_field: st.just(kind.tag)}
    return st.fixed_dictionaries({**tag, **required}, optional=fields)


@pytest.mark.parametrize("kind", WRITTEN, ids=str)
def test_no_field_is_a_float_and_every_integer_is_bounded(kind):
    for part in parts(mi.type_info(kind)):
        assert not isinstance(part, mi.FloatType | mi.DecimalType | mi.AnyType | mi.RawType | mi.DictType), part
        if isinstance(part, mi.IntType):
            assert part.ge is not None, kind
            assert part.le is not None, kind
            assert -MAX_SAFE_INTEGER <= part.ge <= part.le <= MAX_SAFE_INTEGER


@pytest.mark.parametrize("kind", WRITTEN, ids=str)
def test_every_field_has_an_ascii_name_and_nothing_unknown_is_read(kind):
    for part in parts(mi.type_info(kind)):
        if isinstance(part, mi.StructType):
            assert issubclass(get_origin(part.cls) or part.cls, Record), part.cls
            assert part.forbid_unknown_fields, part.cls
            assert all(field.encode_name.isascii() for field in part.fields)


@pytest.mark.parametrize("kind", [kind for kind in WRITTEN if kind not in INTERWOVEN], ids=str)
def test_every_record_is_written_as_the_reference_implementation_writes_it(kind):
    # Most of what is drawn for a record with rules across its fields is refused; which, depends on what is imported.
    @settings(examples(0.5), suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
    @given(values(mi.type_info(kind)))
    def check(value):
        try:
            record = msgspec.convert(value, kind, strict=True)
        except (MalformedError, msgspec.ValidationError):
            assume(condition=False)
        octets = canonical.encode(record)
        assert octets == rfc8785.dumps(msgspec.to_builtins(record))
        assert strict.read(octets, kind, where="x") == record

    check()


@given(TEXT.map(lambda text: text.encode("utf-8", "replace").decode()), st.integers(0, MAX_SAFE_INTEGER))
def test_an_entry_is_written_as_the_reference_implementation_writes_it(name, size):
    value = {"kind": "entry", "root": "tree", "path": "x", "type": "file", "origin": "built", "size": size}
    link = {"kind": "entry", "root": "tree", "path": "x", "type": "link", "origin": "site", "target": name}
    for one in ({**value, "sha256": "0" * 64, "executable": True}, link):
        record = msgspec.convert(one, Entry)
        assert canonical.encode(record) == rfc8785.dumps(one)


@given(TEXT.map(lambda text: re.sub(r"[\x00-\x1f\x7f]", "", text) + "x"), st.integers(0, MAX_SAFE_INTEGER))
def test_a_reference_is_written_as_the_reference_implementation_writes_it(text, number):
    replace = msgspec.structs.replace
    reference = replace(
        REFERENCE,
        server=replace(REFERENCE.server, name=text, purl=text),
        unbound=(text, f"{text} {number}"),
        validity=replace(REFERENCE.validity, sequence=number),
        assurance=replace(REFERENCE.assurance, built=replace(REFERENCE.assurance.built, bytes=number)),
    )
    octets = canonical.encode(reference)
    assert octets == rfc8785.dumps(msgspec.to_builtins(reference))
    assert strict.read(octets, RuntimeReference, where="x") == reference


def test_a_lone_surrogate_has_no_canonical_form():
    with pytest.raises(MalformedError):
        canonical.encode(Attachment(digest="0" * 64, octets="\ud800"))
    for value in ("\udfff", {"\ud800": 1}, ["\ud800"]):
        with pytest.raises(MalformedError):
            canonical.encode_value(value)


@pytest.mark.parametrize("value", [2**53, -(2**53), float("nan"), float("inf"), {1: 2}, b"x", object()])
def test_a_value_without_a_canonical_form_is_malformed(value):
    with pytest.raises(MalformedError):
        canonical.encode_value([value])


def test_a_value_nested_without_end_is_malformed():
    value: list[Any] = []
    value.append(value)
    with pytest.raises(MalformedError):
        canonical.encode_value(value)


@pytest.mark.parametrize(
    ("value", "octets"),
    [
        ({"b": 1, "a": [True, None]}, b'{"a":[true,null],"b":1}'),
        ({"\ufb33": 1, "\U0001f600": 2}, '{"\U0001f600":2,"\ufb33":1}'.encode()),
        ({"\n": "\x0f\u20ac/"}, b'{"\\n":"\\u000f\xe2\x82\xac/"}'),
        ([1e30, 4.5, -0.0, 1e-27], b"[1e+30,4.5,0,1e-27]"),
    ],
)
def test_the_specifications_own_examples_come_out_as_printed_there(value, octets):
    assert canonical.encode_value(value) == octets
