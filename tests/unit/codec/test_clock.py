"""The machine's clocks, in milliseconds, and a clock that stands still."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from attest.codec import clock
from attest.codec.clock import Clock, system_clock
from attest.errors import UnavailableError


def test_the_system_clock_is_the_machines():
    found = system_clock()
    before, after = time.time(), 0.0
    real = found.real()
    after = time.time()
    assert int(before * 1000) - 1 <= real <= int(after * 1000) + 1
    first, second = found.boot(), found.boot()
    assert 0 < first <= second
    assert found.boot_id == Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def test_a_machine_without_boot_id_is_unavailable(tmp_path, monkeypatch):
    monkeypatch.setattr(clock, "_BOOT_ID", tmp_path / "none")
    with pytest.raises(UnavailableError, match="the id of this boot"):
        system_clock()
    (tmp_path / "none").write_bytes(b"\xff")
    with pytest.raises(UnavailableError):
        system_clock()


def test_a_clock_may_stand_still():
    still = Clock(real=lambda: 7, boot=lambda: 8, boot_id="b")
    assert (still.real(), still.boot(), still.boot_id) == (7, 8, "b")
