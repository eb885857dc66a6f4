"""The line that says what is being done: in place, gone at the end, and only where somebody looks."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from attest.cli import progress
from attest.cli.progress import Progress
from tests.commands import attest, passed
from tests.waiting import PATIENCE_SECONDS


class Screen(io.StringIO):
    """A terminal of one line, as a person sees it."""

    def isatty(self) -> bool:
        return True

    def shown(self) -> list[str]:
        """Return what stood on the line after each carriage return, without the blanks at its end."""
        line = ""
        states = []
        for text in self.getvalue().split("\r")[1:]:
            line = text + line[len(text) :]
            states.append(line.rstrip())
        return states


@pytest.fixture
def screen() -> Screen:
    return Screen()


def test_a_line_is_written_over_and_gone_at_the_end(screen: Screen) -> None:
    with Progress(screen) as told:
        told.tell("looking at the files", 4102)
        told.tell("signing")
    assert screen.shown() == ["looking at the files: 4,102 ...", "signing ...", "", ""]


def test_it_is_gone_before_an_error_is_said(screen: Screen) -> None:
    with pytest.raises(KeyError):
        fail(screen)
    assert screen.shown()[-1] == ""


def fail(screen: Screen) -> None:
    with Progress(screen) as told:
        told.tell("signing")
        raise KeyError


def test_a_long_line_is_cut_and_has_no_codes(screen: Screen) -> None:
    with Progress(screen) as told:
        told.tell("a\x1b[31m\n" + "b" * 200)
    assert len(screen.shown()[0]) == 79
    assert "\x1b" not in screen.getvalue()
    assert "\n" not in screen.getvalue()


def test_what_is_quick_is_not_told(screen: Screen) -> None:
    with Progress(screen) as told:
        assert list(told.count([b"1", b"2"], "verifying")) == [b"1", b"2"]
    assert screen.getvalue() == ""


def test_what_takes_long_is_counted(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_SOON_SECONDS", 0)
    with Progress(screen) as told:
        assert list(told.count("abc", "verifying")) == ["a", "b", "c"]
    assert screen.shown()[:3] == ["verifying ...", "verifying: 1 ...", "verifying: 2 ..."]


def test_nobody_is_told_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress() as told:
        told.tell("signing")
        told.clear()
    assert capsys.readouterr() == ("", "")


def test_sealing_tells_its_phases_on_a_terminal_and_nothing_to_a_pipe(tmp_path: Path) -> None:
    for name in ("sealer.key", "writer.key"):
        passed(attest(tmp_path, "key", "new", name))
    roles = ("--sealer", "sealer.key.pub", "--writer", "writer.key.pub")
    passed(attest(tmp_path, "trust", "new", "trust.json", *roles))
    (tmp_path / "server").mkdir()
    (tmp_path / "server" / "run.sh").write_text("#!/bin/sh\n")
    words = ("seal", "server", "--trust", "trust.json", "--key", "sealer.key", "--allow-site", "*", "-o", "server.ref")
    shown = on_a_terminal(tmp_path, *words).replace("\r\n", "\n")
    line, _, rest = shown.rpartition("\r")
    phases = ["reading build evidence", "looking at the files and archives", "explaining files: 1", "signing"]
    told = [text.rstrip() for text in line.split("\r") if text.strip()]
    assert told == [f"{phase} ..." for phase in phases]
    piped = attest(tmp_path, *words)
    assert passed(piped)
    assert piped.stderr.decode() == rest


def on_a_terminal(folder: Path, *words: str) -> str:
    """Run `attest WORDS` with standard error on a terminal, and return what was written there."""
    ours, theirs = os.openpty()
    try:
        command = [sys.executable, "-m", "attest", *words]
        subprocess.run(
            command, cwd=folder, stdout=subprocess.DEVNULL, stderr=theirs, timeout=PATIENCE_SECONDS, check=True
        )
        return os.read(ours, 65536).decode()
    finally:
        os.close(ours)
        os.close(theirs)
