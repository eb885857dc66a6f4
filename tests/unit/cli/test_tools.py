"""`attest tools` overwrites nothing that somebody reviewed, and learns from logs of a portal, too."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tests.calls_story import CallStory
from tests.commands import attest, passed
from tests.tools_documents import ELEMENTS, request, result, session

LISTED = session(request(1, "tools/list"), result(1, tools=ELEMENTS))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "session.jsonl").write_bytes(LISTED)
    return tmp_path


def test_a_file_that_is_there_is_not_overwritten(folder: Path) -> None:
    (folder / "tools.toml").write_text("# reviewed")
    done = attest(folder, "tools", "learn", "session.jsonl", "-o", "tools.toml")
    assert done.returncode == 5
    assert (folder / "tools.toml").read_text() == "# reviewed"
    assert not (folder / "tools.definitions.json").exists()


@pytest.mark.parametrize(
    "words", [("record", "-o", "s.jsonl"), ("record", "-o", "s.jsonl", "--"), ("learn", "session.jsonl", "-o", "-")]
)
def test_what_is_missing_is_a_mistake_of_usage(folder: Path, words: tuple[str, ...]) -> None:
    assert attest(folder, "tools", *words).returncode == 2


def test_what_a_log_says_was_used_is_allowed_and_nothing_else(folder: Path) -> None:
    with CallStory(folder / "log") as story:
        story.open().answered(story.call("convert_time")).stop()
    passed(attest(folder, "tools", "learn", "session.jsonl", "--log", "log", "-o", "tools.toml"))
    assert set(tomllib.loads((folder / "tools.toml").read_text())["tools"]) == {"convert_time"}
