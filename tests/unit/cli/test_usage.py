"""The door: what `--help` shows, and calls that are refused as usage before anything is read or written."""

from __future__ import annotations

from pathlib import Path

import pytest

from attest.cli.door import ExitCode, enter

SEAL = ("seal", "server", "--trust", "trust.json", "--key", "sealer.key")


def test_help_keeps_its_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert enter(["--help"]) == ExitCode.PASSED
    told = capsys.readouterr().out
    assert "\\b" not in told
    assert "\n  Exit codes: 0 passed," in told


@pytest.mark.parametrize(
    "words",
    [
        (*SEAL, "-o", "-"),
        ("seal", *SEAL[2:], "-o", "server.ref"),
        ("trust", "new", "trust.json", "--source", "https://code.example/team/server"),
    ],
    ids=["seal to stdout", "neither a tree nor a runtime", "a source without a builder"],
)
def test_is_usage(words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert enter(words) == ExitCode.USAGE
    assert not list(tmp_path.iterdir())
