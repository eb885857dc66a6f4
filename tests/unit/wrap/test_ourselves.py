"""The words in a configuration start this very program, and will tomorrow."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from attest.errors import RefusedError
from attest.version import VERSION
from attest.wrap.ourselves import own_words
from tests.waiting import PATIENCE_SECONDS


def test_the_words_start_this_program(monkeypatch, tmp_path):
    asked = [own_words()]
    (tmp_path / "python").symlink_to(sys.executable)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    asked.append(own_words())
    assert asked[1] == (str(tmp_path / "python"), "-P", "-m", "attest")
    assert all(os.path.isabs(words[0]) for words in asked)  # noqa: PTH117  (as text)
    done = subprocess.run([*asked[0], "--version"], capture_output=True, check=True, timeout=PATIENCE_SECONDS)
    assert VERSION.encode() in done.stdout


@pytest.mark.parametrize("place", [".cache/uv/archive-v0/x/bin", "Library/Caches/uv/environments-v2/x/bin"])
def test_a_program_in_a_cache_is_refused(monkeypatch, tmp_path, place):
    monkeypatch.setattr(sys, "executable", str(tmp_path / place / "python"))
    with pytest.raises(RefusedError) as refused:
        own_words()
    assert "uv tool install" in (refused.value.hint or "")
