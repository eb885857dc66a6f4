"""Zipapps: one line, one archive, and nothing that two readers could read apart."""

from __future__ import annotations

import hashlib
import zipapp as standard

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.errors import MalformedError
from attest.measure.collectors import COLLECTORS
from tests.archives import APP, LINE, make_zipapp, zipapp
from tests.wheels import put, zipped

COLLECTOR = COLLECTORS["zipapp"]


@pytest.mark.parametrize(
    "octets",
    [zipapp(), zipapp(relative=True), zipapp(line=b""), zipapp(line=b"#!/" + b"x" * 4000 + b"\n")],
    ids=["offsets of the file", "offsets of the archive", "no line", "a long line"],
)
def test_its_digest_is_that_of_the_file(octets, tmp_path):
    archive = COLLECTOR.read(make_zipapp(tmp_path, octets))
    assert archive.digest.sha256 == hashlib.sha256(octets).hexdigest()
    assert [(member.sha256, member.size) for member in archive.members] == [(archive.digest.sha256, len(octets))]


FAULTS = {
    "two lines": zipapp(line=LINE + b"\n"),
    "a line that is no interpreter's": zipapp(line=b"echo hello\n", relative=True),
    "a line that is too long": zipapp(line=b"#!/" + b"x" * 5000 + b"\n"),
    "a line without end": b"#!/bin/sh",
    "a second archive before it": LINE + zipped(APP) + zipped(APP),
    "something between": LINE + b"\0" + zipped(APP),
    "something behind": zipapp() + b"\n",
    "no __main__.py": zipapp({"main.py": b""}),
    "a member with another checksum": zipapp().replace(b"print", b"print", 1)[:-30] + b"\0" * 30,
    "a traversal": zipapp({**APP, "../evil.py": b""}),
}


@pytest.mark.parametrize("octets", FAULTS.values(), ids=FAULTS.keys())
def test_what_could_be_read_in_two_ways_is_refused(octets, tmp_path):
    with pytest.raises(MalformedError):
        COLLECTOR.read(make_zipapp(tmp_path, octets))


@pytest.mark.parametrize("interpreter", [None, "/usr/bin/env python3"])
@pytest.mark.parametrize("compressed", [True, False])
def test_what_the_standard_library_makes_is_read(interpreter, compressed, tmp_path):
    put(tmp_path / "app/__main__.py", b"print()\n")
    first, second = tmp_path / "one.pyz", tmp_path / "two.pyz"
    standard.create_archive(tmp_path / "app", first, interpreter, compressed=compressed)
    standard.create_archive(first, second, "/usr/bin/python3")
    assert COLLECTOR.read(first).name == "one.pyz"
    assert COLLECTOR.read(second).name == "two.pyz"


@given(leading=st.binary(max_size=30))
def test_only_one_line_may_stand_before_the_archive(leading, tmp_path_factory):
    octets = leading + zipped(APP)
    path = make_zipapp(tmp_path_factory.mktemp("zipapp"), octets)
    good = not leading or (leading.startswith(b"#!") and leading.endswith(b"\n") and leading.count(b"\n") == 1)
    if good:
        COLLECTOR.read(path)
    else:
        with pytest.raises(MalformedError):
            COLLECTOR.read(path)
