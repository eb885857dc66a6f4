"""One writer a log; whether there is one can be asked without being in its way."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from attest.errors import RefusedError
from attest.tlog.stores import lock
from attest.tlog.stores.lock import is_written, take_lock


def test_a_log_is_written_while_its_lock_is_held(tmp_path: Path) -> None:
    assert not is_written(tmp_path)
    held = take_lock(tmp_path)
    assert is_written(tmp_path)
    with pytest.raises(RefusedError, match="no other writer"):
        take_lock(tmp_path)
    os.close(held)
    assert not is_written(tmp_path)


def test_where_the_kernel_does_not_tell_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = take_lock(tmp_path)
    monkeypatch.setattr(lock, "_LOCKS", tmp_path / "none")
    assert not is_written(tmp_path)
    os.close(held)
