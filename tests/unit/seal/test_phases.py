"""What the child that surveys tells: phases and counts, and nothing that could be a word of somebody's."""

from __future__ import annotations

import pytest

from attest.seal.phases import Phase, phase_line, read_phase


@pytest.mark.parametrize("phase", Phase)
def test_a_phase_that_is_told_is_read(phase: Phase) -> None:
    assert read_phase(phase_line(phase, 4102).encode()) == (phase, 4102)


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"phase SIGNED 1\n",
        b"phase SIGNING\n",
        b"phase SIGNING 1",
        b"phase SIGNING -1\n",
        b"phase signing 1\n",
        b"phase SIGNING 1 \x1b[31m\n",
        b"phase SIGNING " + b"1" * 13 + b"\n",
    ],
)
def test_another_line_is_no_phase(line: bytes) -> None:
    assert read_phase(line) is None
