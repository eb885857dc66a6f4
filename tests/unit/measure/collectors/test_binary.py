"""Single programs: found by content, under a name that fits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.errors import MalformedError
from attest.measure.collectors import COLLECTORS
from attest.measure.collectors.binary import fits
from tests.archives import BINARY, make_binary
from tests.wheels import PLAIN, PROGRAM, look, put

COLLECTOR = COLLECTORS["binary"]
NAMES = st.text("abc-_.", min_size=1, max_size=8)


@pytest.mark.parametrize("name", ["small-tool", "small-tool.exe", "Small-Tool", "small-tool-linux-amd64", "small"])
def test_a_name_fits_if_the_published_one_begins_with_it(name):
    assert fits("small-tool-linux-amd64", name)


@pytest.mark.parametrize("name", ["", "smal", "tool", "small-tool-linux-amd64-x", "small-tool2", "amd64"])
def test_other_names_do_not_fit(name):
    assert not fits("small-tool-linux-amd64", name)


@given(name=NAMES, more=st.text("xyz", max_size=5), separator=st.sampled_from("-_."))
def test_every_name_fits_itself_and_what_is_published_with_more_behind_it(name, more, separator):
    if name.removesuffix(".exe"):
        assert fits(name, name)
        assert fits(f"{name}{separator}{more}", name)
    assert not fits(name, f"{name}{more}q")


def test_it_is_bound_wherever_it_lies_with_or_without_the_executable_bit(tmp_path):
    archive = COLLECTOR.read(make_binary(tmp_path))
    put(tmp_path / "tree/bin/small-tool", BINARY, PROGRAM)
    put(tmp_path / "tree/deep/er/small-tool-linux-amd64", BINARY, PLAIN)
    put(tmp_path / "tree/other", BINARY, PROGRAM)
    bound = COLLECTOR.bind(archive, look({"tree": tmp_path / "tree"}))
    assert {path: file.executable for (_, path), file in bound.files.items()} == {
        "bin/small-tool": True,
        "deep/er/small-tool-linux-amd64": False,
    }


def test_another_version_is_a_mismatch_only_where_this_one_is_not(tmp_path):
    archive = COLLECTOR.read(make_binary(tmp_path))
    put(tmp_path / "tree/small-tool", b"\x7fELF another", PROGRAM)
    put(tmp_path / "tree/small", b"text", PLAIN)
    (mismatch,) = COLLECTOR.bind(archive, look({"tree": tmp_path / "tree"})).mismatches
    assert mismatch.key == ("tree", "small-tool")
    put(tmp_path / "tree/bin/small-tool", BINARY, PROGRAM)
    assert not COLLECTOR.bind(archive, look({"tree": tmp_path / "tree"})).mismatches


@pytest.mark.parametrize("octets", [b"", b"\x7fEL", b"{}", b"PK\x03\x04"])
def test_what_does_not_begin_like_a_program_is_refused(octets, tmp_path):
    path = tmp_path / "small-tool"
    path.write_bytes(octets)
    assert not COLLECTOR.recognises(path)
    with pytest.raises(MalformedError):
        COLLECTOR.read(path)
