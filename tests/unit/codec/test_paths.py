"""Paths in documents: nothing that could point out of its root."""

import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.codec.paths import check_relative, sort_key
from attest.errors import MalformedError


@pytest.mark.parametrize(
    "path", ["a", "a/b.py", ".hidden", "...", "a..b/c", "-", "ü/é", "a b", "e\u0301", "a:b", "~", "x" * 4096]
)
def test_a_relative_normalised_path_is_taken_as_it_is(path):
    assert check_relative(path, where="p") == path


@pytest.mark.parametrize(
    "path",
    [
        *("", "/", "/a", "//a", "a/", "a//b", ".", "..", "./a", "../a", "a/..", "a/./b", "a/../b", "a/b/."),
        *("a\\b", "..\\a", "a\x00", "a\nb", "a\r", "\x1b[2J", "a\x7f", "\udc80", "a/\ud800"),
        "x" * 4097,
        "é" * 2049,
    ],
)
def test_any_other_path_is_malformed(path):
    with pytest.raises(MalformedError) as caught:
        check_relative(path, where="p")
    assert caught.value.where == "p"
    assert str(caught.value).isprintable()


@given(st.text("a./\\\x00\ud800é", max_size=8) | st.text())
def test_an_accepted_path_stays_in_its_root(path):
    try:
        check_relative(path, where="p")
    except MalformedError:
        return
    joined = posixpath.normpath(posixpath.join("/place", path))
    assert joined == f"/place/{path}"


def test_paths_sort_by_their_bytes_and_not_by_their_utf_16():
    assert sorted(["\U0001f600", "\ufb33", "b", "a/b", "a"], key=sort_key) == ["a", "a/b", "b", "\ufb33", "\U0001f600"]
