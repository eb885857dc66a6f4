"""The strict readers: what two programs could read differently is refused."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.codec import canonical, strict
from attest.codec.records import MAX_SAFE_INTEGER, Count, Line, Record
from attest.errors import AttestError, MalformedError


class Inner(Record, kw_only=True):
    count: Count


class Outer(Record, kw_only=True):
    name: str
    inner: Inner | None = None
    many: tuple[Inner, ...] = ()
    tag: Line | None = None


class Judged(Record, kw_only=True):
    name: str

    def __post_init__(self) -> None:
        if self.name == "bad":
            raise MalformedError("name", "good", self.name)


READERS = [strict.read, strict.read_edited]
GOOD = b'{"inner":{"count":1},"name":"a"}'

by_reader = pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__)


def refused(octets: bytes, reader=strict.read, kind=Outer, **bounds) -> str:
    with pytest.raises(MalformedError) as caught:
        reader(octets, kind, where="doc", **bounds)
    assert caught.value.where.startswith("doc")
    return str(caught.value)


@by_reader
def test_a_good_document_is_read(reader):
    assert reader(GOOD, Outer, where="doc") == Outer(name="a", inner=Inner(count=1))


@pytest.mark.parametrize(
    "octets",
    [
        b'{"name":"a","inner":{"count":1}}',
        b'{"inner": {"count":1},"name":"a"}',
        b' {"inner":{"count":1},"name":"a"}',
        b'{"inner":{"count":1},"name":"a"}\n',
        b'{"inner":{"count":1},"name":"\\u0061"}',
        b'{"inner":{"count":1.0},"name":"a"}',
        b'{"inner":{"count":1e0},"name":"a"}',
        b'{"inner":{"count":1},"name":"a","tag":null}',
        b'{"inner":{"count":1},"many":[],"name":"a"}',
        b'{"inner":null,"name":"a"}',
        b'{"inner":{"count":1},"name":"\\/"}',
        b'{"inner":{"count":1},"name":"\\u00e9"}',
        b'{"name":"a","name":"a"}',
        b'{"inner":{"count":2,"count":1},"name":"a"}',
    ],
)
def test_a_second_spelling_of_a_document_of_ours_is_refused(octets):
    refused(octets)


@by_reader
@pytest.mark.parametrize(
    ("octets", "fault"),
    [
        (b'{"inner":{"count":NaN},"name":"a"}', ""),
        (b'{"inner":{"count":Infinity},"name":"a"}', ""),
        (b'{"inner":{"count":-1},"name":"a"}', "count"),
        (b'{"inner":{"count":1.5},"name":"a"}', ""),
        (b'{"inner":{"count":9007199254740992},"name":"a"}', ""),
        (b'{"inner":{"count":1%s},"name":"a"}' % (b"0" * 400), ""),
        (b'{"inner":{"count":1e400},"name":"a"}', ""),
        (b'{"inner":{"count":true},"name":"a"}', "count"),
        (b'{"inner":{"count":"1"},"name":"a"}', "count"),
        (b'{"inner":{},"name":"a"}', "count"),
        (b'{"inner":{"count":1,"Count":1},"name":"a"}', "unknown field"),
        (b'{"name":7}', "name"),
        (b'{"name":null}', "name"),
        (b'{"name":"a","tag":""}', "tag"),
        (b'{"name":"a","tag":"x\\n"}', "tag"),
        (b'{"name":"\\ud800"}', ""),
        (b'{"name":"\xed\xa0\x80"}', ""),
        (b'{"name":"\xff"}', ""),
        (b'{"name":"\xc0\xaf"}', ""),
        (b'{"name":"a\x00b"}', ""),
        (b'{"name":"a"}{}', ""),
        (b'{"name":"a",}', ""),
        (b"{'name':'a'}", ""),
        (b'\xef\xbb\xbf{"name":"a"}', ""),
        ('{"name":"a"}'.encode("utf-16"), ""),
        (b"[]", ""),
        (b"", ""),
    ],
)
def test_what_is_no_such_document_is_malformed(reader, octets, fault):
    assert fault in refused(octets, reader)


@by_reader
def test_a_document_over_the_limit_is_refused_before_it_is_parsed(reader):
    assert "at most 31 bytes" in refused(GOOD, reader, max_bytes=31)
    assert reader(GOOD, Outer, where="doc", max_bytes=32)


@by_reader
@pytest.mark.parametrize("depth", [70, 5_000, 200_000])
def test_deep_nesting_is_refused(reader, depth):
    refused(b"[" * depth + b"]" * depth, reader)
    refused(b'{"name":' * depth + b"1" + b"}" * depth, reader)
    refused(b'{"name":"a","x":' + b"[" * depth + b"]" * depth + b"}", reader)


@by_reader
def test_what_a_record_refuses_itself_says_where(reader):
    assert refused(b'{"name":"bad"}', reader, Judged) == "doc: name: expected good, found bad"


@by_reader
def test_a_complaint_never_carries_escape_sequences_of_the_document(reader):
    for octets in (b'{"name":"a","\\u001b[2J\\u202e\\u0007":1}', b'{"name":"a","%s":1}' % (b"\xe2\x80\xae" * 5000)):
        complaint = refused(octets, reader)
        assert complaint.isprintable()
        assert len(complaint) < 400


@given(
    st.text(), st.integers(0, MAX_SAFE_INTEGER), st.lists(st.integers(0, 9).map(lambda n: Inner(count=n)), max_size=3)
)
def test_what_was_written_is_read_back(name, count, many):
    record = Outer(name=name, inner=Inner(count=count), many=tuple(many))
    assert strict.read(canonical.encode(record), Outer, where="doc") == record


@given(st.data())
def test_any_changed_byte_is_refused_or_another_document(data):
    record = Outer(name="aé\n", inner=Inner(count=12), tag="x")
    octets = bytearray(canonical.encode(record))
    position = data.draw(st.integers(0, len(octets) - 1))
    octets[position] ^= data.draw(st.integers(1, 255))
    try:
        read = strict.read(bytes(octets), Outer, where="doc")
    except MalformedError:
        return
    assert read != record


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-MAX_SAFE_INTEGER, MAX_SAFE_INTEGER)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(JSON, st.booleans())
def test_every_strict_json_value_is_parsed(value, ascii_only):
    assert strict.parse(json.dumps(value, ensure_ascii=ascii_only).encode(), where="doc") == value


@given(st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()), st.sampled_from(READERS))
def test_any_bytes_are_read_or_refused_and_nothing_else_happens(octets, reader):
    with contextlib.suppress(AttestError):
        reader(octets, Outer, where="doc")


@given(JSON)
def test_any_value_is_converted_or_refused_and_nothing_else_happens(value):
    with contextlib.suppress(MalformedError):
        strict.convert(value, Outer, where="doc")


@pytest.mark.parametrize(
    "octets",
    [b'{"a":1,"a":1}', b'[{"a":1,"b":2,"a":3}]', b'{"x":{"\\u0061":1,"a":2}}', b'{"":1,"":2}'],
)
def test_a_key_given_twice_is_named(octets):
    with pytest.raises(MalformedError, match=r"the key '.?' twice"):
        strict.parse(octets, where="doc")


def test_finding_the_key_given_twice_is_quick_even_among_many():
    names = ",".join(f'"{number}":0' for number in range(200_000))
    started = time.process_time()
    with pytest.raises(MalformedError, match="twice"):
        strict.parse(f'{{{names},"199999":1}}'.encode(), where="doc")
    assert time.process_time() - started < 10


@pytest.mark.parametrize(
    "octets",
    [
        b"NaN",
        b"-Infinity",
        b"1e999",
        b"-1e999",
        b"9007199254740992",
        b"-9007199254740992",
        b"9" * 1_000_000,
        b"01",
        b"+1",
        b".5",
    ],
)
def test_a_number_that_readers_disagree_on_is_refused(octets):
    with pytest.raises(MalformedError):
        strict.parse(b"[" + octets + b"]", where="doc")


def test_the_largest_numbers_are_read():
    assert strict.parse(b"[9007199254740991,-9007199254740991,1e308]", where="doc") == [2**53 - 1, 1 - 2**53, 1e308]


@pytest.mark.parametrize("octets", [b'"\\ud800"', b'["\\udfff"]', b'{"\\ud800":1}', b'{"a":["\\ude00\\ud83d"]}'])
def test_a_lone_surrogate_is_refused_wherever_it_stands(octets):
    with pytest.raises(MalformedError, match="surrogate"):
        strict.parse(octets, where="doc")


def test_a_surrogate_pair_is_a_character():
    assert strict.parse(b'"\\ud83d\\ude00"', where="doc") == "\U0001f600"


def test_nesting_is_read_up_to_the_limit():
    assert strict.parse(b"[" * 64 + b"]" * 64, where="doc")
    with pytest.raises(MalformedError, match="nesting"):
        strict.parse(b"[" * 66 + b"]" * 66, where="doc")


def test_a_structure_of_another_tool_may_have_more_fields():
    class Foreign(msgspec.Struct, frozen=True):
        name: str

    assert strict.convert({"name": "a", "more": 1}, Foreign, where="doc").name == "a"


def test_a_document_of_very_many_values_is_refused_before_it_is_parsed():
    with pytest.raises(MalformedError, match="values"):
        strict.parse(b"[" + b"[]," * strict.MAX_MARKS + b"[]]", where="w")


FIRST_USE = """
import sys, threading, types
from attest.codec import strict
sys.setswitchinterval(1e-6)
lines = ["from __future__ import annotations", "import msgspec", "from typing import Annotated"]
for number in range(6):
    lines += [f"class Part{number}(msgspec.Struct, frozen=True):", "    text: str | None = None"]
    lines += ["    numbers: Annotated[tuple[int, ...], msgspec.Meta(max_length=5)] = ()"]
lines += ["class Whole(msgspec.Struct, frozen=True):", *[f"    part{number}: Part{number}" for number in range(6)]]
value = {f"part{number}": {"text": "a", "numbers": [1, 2]} for number in range(6)}
for number in range(40):
    module = sys.modules[f"fresh{number}"] = types.ModuleType(f"fresh{number}")
    exec("\\n".join(lines), module.__dict__)
    together = threading.Barrier(8)
    def read():
        together.wait()
        strict.convert(value, module.Whole, where="value")
    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
"""


def test_threads_may_read_the_first_document_of_a_type_at_once():
    done = subprocess.run([sys.executable, "-c", FIRST_USE], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
