"""The specifications in predicates/ say what the records say: headings, every field, and an example that is read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import msgspec.inspect
import pytest

from attest.codec import canonical
from attest.codec.octets import sha256_hex
from attest.codec.shipped import folder
from attest.statement.digests import DigestSet
from attest.statement.findings import FindingKind
from attest.statement.predicates import PREDICATES, short_name
from attest.statement.predicates.runtime_event import EventKind
from attest.statement.statement import read_statement
from tests.predicate_documents import PAYLOADS

HEADINGS = (
    "# Predicate type: ",
    "## Purpose",
    "## Use Cases",
    "## Prerequisites",
    "## Model",
    "## Schema",
    "### Parsing Rules",
    "### Fields",
    "### Verification",
    "## Example",
    "## Changelog and Migrations",
)
NEGATIVE = {
    "runtime-violation": "findings",
    "runtime-event": "event",
    "runtime-revocation": "revocation",
    "tool-denial": "denial",
    "caller-drift": "drift",
}

by_predicate = pytest.mark.parametrize("predicate_type", PREDICATES)


def specification(predicate_type: str) -> str:
    return (folder("predicates") / f"{short_name(predicate_type)}.md").read_text()


def example(predicate_type: str) -> bytes:
    """The first JSON block of a specification, in the form in which it is signed."""
    (first, *_) = re.findall(r"```json\n(.*?)```", specification(predicate_type), re.DOTALL)
    return canonical.encode_value(json.loads(first))


def inner(kind: msgspec.inspect.Type) -> tuple[str, msgspec.inspect.StructType | None]:
    """The record inside optional values and arrays, and how a path goes on to it."""
    match kind:
        case msgspec.inspect.Metadata():
            return inner(kind.type)
        case msgspec.inspect.UnionType():
            return inner(next(one for one in kind.types if not isinstance(one, msgspec.inspect.NoneType)))
        case msgspec.inspect.VarTupleType():
            path, record = inner(kind.item_type)
            return f"[*]{path}", record
        case msgspec.inspect.StructType():
            return "", kind
        case _:
            return "", None


def fields(record: msgspec.inspect.StructType, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Each field's path and whether it is required; the algorithms of a DigestSet are said once, in words."""
    for field in record.fields:
        yield f"{prefix}{field.encode_name}", "required" if field.required else "optional"
        path, below = inner(field.type)
        if below is not None and below.cls is not DigestSet:
            yield from fields(below, f"{prefix}{field.encode_name}{path}.")


@by_predicate
def test_a_specification_has_the_headings_of_the_template_in_order(predicate_type):
    lines = specification(predicate_type).splitlines()
    found = [line for line in lines if line.startswith("#")]
    assert len(found) == len(HEADINGS)
    assert all(line.startswith(heading) for line, heading in zip(found, HEADINGS, strict=True))
    assert f"Type URI: {predicate_type}" in lines
    assert {"Version: 0.1", f"Predicate Name: {found[0].removeprefix(HEADINGS[0])}"} <= set(lines)


@by_predicate
def test_the_table_has_exactly_the_fields_of_the_record(predicate_type):
    rows = re.findall(
        r"^\| `([^`]+)` \| [^|]+ \| (required|optional) \| [^|]+ \|$", specification(predicate_type), re.MULTILINE
    )
    record = msgspec.inspect.type_info(PREDICATES[predicate_type])
    assert isinstance(record, msgspec.inspect.StructType)
    assert rows == list(fields(record))


@by_predicate
def test_the_example_is_read_as_a_statement_of_the_predicate_and_is_the_good_vector(predicate_type):
    octets = example(predicate_type)
    read_statement(octets, predicate_type, PREDICATES[predicate_type], where="example")
    assert octets == PAYLOADS[short_name(predicate_type)]


@pytest.mark.parametrize(("name", "record"), NEGATIVE.items())
def test_the_subject_of_a_negative_example_is_the_digest_of_its_own_record(name, record):
    statement = json.loads(PAYLOADS[name])
    digest = sha256_hex(canonical.encode_value(statement["predicate"][record]))
    assert [subject["digest"] for subject in statement["subject"]] == [{"sha256": digest}]


@by_predicate
def test_must_is_a_word_of_normative_sections_alone(predicate_type):
    text = specification(predicate_type)
    informative = text[: text.index("### Parsing Rules")] + text[text.index("## Example") :]
    assert not re.search(r"\bMUST\b|\bSHOULD\b|\bMAY\b", informative)


@by_predicate
def test_verification_is_a_numbered_list_without_holes(predicate_type):
    text = specification(predicate_type)
    section = text[text.index("### Verification") : text.index("## Example")]
    numbers = [int(number) for number in re.findall(r"^(\d+)\. ", section, re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= 5


def test_every_kind_of_finding_and_of_event_is_explained():
    for name, kinds in (("runtime-violation", FindingKind), ("runtime-event", EventKind)):
        text = (folder("predicates") / f"{name}.md").read_text()
        table = re.findall(r"^\| `([a-z-]+)` \| [^|]+ \|$", text, re.MULTILINE)
        assert sorted(table) == sorted(kinds)
