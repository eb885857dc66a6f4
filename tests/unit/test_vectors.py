"""Every vector comes out as its index says; and the vectors, schemas and examples are those that the scripts make."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from attest import errors
from attest.errors import AttestError
from scripts import vectors
from tests.fuzz.targets import TARGETS

FOLDER = Path(__file__).parent.parent / "vectors"
INDEX = json.loads((FOLDER / vectors.INDEX).read_text())
FORMATS = sorted({row["format"] for row in INDEX})


@pytest.mark.parametrize("row", [row for row in INDEX if row["kind"] == "good"], ids=lambda row: row["file"])
def test_a_good_vector_is_read(row):
    octets = (FOLDER / row["file"]).read_bytes()
    assert TARGETS[row["format"]].read(octets) in {None, octets}


@pytest.mark.parametrize("name", FORMATS)
def test_every_bad_vector_ends_in_the_error_that_is_expected(name):
    """One test a format: there are hundreds of vectors."""
    for row in INDEX:
        if row["format"] == name and row["kind"] == "bad":
            with pytest.raises(AttestError) as caught:
                TARGETS[name].read((FOLDER / row["file"]).read_bytes())
            assert type(caught.value) is getattr(errors, row["error"]), row["file"]
            message = str(caught.value)
            assert ": expected " in message, row["file"]
            assert ", found " in message, row["file"]
            assert message.isprintable(), row["file"]


def test_every_format_has_good_and_bad_vectors_and_each_bad_one_names_its_fault():
    for name in FORMATS:
        kinds = {row["kind"] for row in INDEX if row["format"] == name}
        assert kinds == {"good", "bad"}
    for row in INDEX:
        assert row["fault"] is None or f"bad-{row['fault']}." in row["file"]


def test_the_vectors_and_the_examples_are_those_that_the_script_makes():
    assert vectors.differences() == []


def test_a_vector_that_is_stale_or_surplus_is_found(monkeypatch, tmp_path):
    monkeypatch.setattr(vectors, "FOLDER", tmp_path)
    monkeypatch.setattr(vectors, "ROOT", tmp_path)
    monkeypatch.setattr(vectors, "specifications", dict)
    monkeypatch.setattr(vectors, "formats", lambda _: {})
    vectors.write()
    assert vectors.differences() == []
    (tmp_path / "manifest" / "good.jsonl").write_bytes(b"")
    (tmp_path / "manifest" / "odd").write_bytes(b"")
    (tmp_path / "note" / "good.txt").unlink()
    assert vectors.differences() == [
        "manifest/good.jsonl: stale",
        "manifest/odd: surplus",
        "note/good.txt: missing",
    ]
