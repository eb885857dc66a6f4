"""Who checks signatures: our own thread for small files, all cores for large ones; the verdict is the same."""

from __future__ import annotations

import sys
from pathlib import Path

from attest.cli.workers import LARGE_BYTES, spread_for


def test_small_files_start_no_threads(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.write_bytes(b"x")
    with spread_for([small]) as spread:
        assert spread is map


def test_large_files_and_standard_input_use_all_cores_and_leave_no_trace(tmp_path: Path) -> None:
    large = tmp_path / "large"
    large.write_bytes(bytes(LARGE_BYTES))
    before = sys.getswitchinterval()
    for files in ([large], [Path("-")]):
        with spread_for(files) as spread:
            assert spread is not map
            assert list(spread(lambda batch: [None] * len(batch), [(), ()])) == [[], []]
        assert sys.getswitchinterval() == before
