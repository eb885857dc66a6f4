"""The demo's workshop: a command that does not end, or ends badly, is said as what it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from attest.demo import workshop
from attest.demo.workshop import Workshop
from attest.errors import UnavailableError


def test_a_command_that_does_not_end_is_no_fault_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workshop, "COMMAND_SECONDS", 0.1)
    with pytest.raises(UnavailableError, match=r"sleep 600: expected an end in 0\.1 s, found none"):
        Workshop(folder=tmp_path).run(["sleep", "600"])


def test_a_command_that_fails_is_told_by_its_last_line(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="3: no room"):
        Workshop(folder=tmp_path).must(["sh", "-c", "echo first >&2; echo no room >&2; exit 3"])
