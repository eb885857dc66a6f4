"""Byte code in a directory of its own leads back to its source, wherever that lies."""

from __future__ import annotations

import importlib.util
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.measure.redirected import compile_job, is_in_the_making, source_path

characters = st.characters(exclude_categories=["Cs"], exclude_characters="/\0")
names = st.text(characters, min_size=1, max_size=12).filter(lambda name: name not in {".", ".."})


@given(st.lists(names, min_size=1, max_size=5), names, st.sampled_from(["", 1, 2]))
def test_what_the_interpreter_makes_of_a_path_leads_back_to_it(folders: list[str], name: str, level: str | int) -> None:
    source = "/" + "/".join([*folders, f"{name}.py"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "pycache_prefix", "/prefix")
        compiled = importlib.util.cache_from_source(source, optimization=level)
    path = compiled.removeprefix("/prefix/")
    assert source_path(path) == source
    job = compile_job(("byte code", path), ("tree", "x.py"))
    assert job.optimize == int(level or 0)


@pytest.mark.parametrize(
    "path", ["a.py", "x.pyc", "x.cpython-311.opt-3.pyc", "x.pypy311.pyc", ".cpython-311.pyc", "a/b"]
)
def test_other_files_have_no_source(path: str) -> None:
    assert source_path(path) is None


def test_only_names_that_are_never_loaded_are_in_the_making() -> None:
    assert is_in_the_making("usr/lib/os.cpython-311.pyc.139872345")
    for path in ("os.cpython-311.pyc", "x.pyc.12/os.cpython-311.pyc", "x.pyc.12a", "x.py.12", "x.pyc."):
        assert not is_in_the_making(path)
