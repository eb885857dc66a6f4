"""`attest bundle --tier full`: what of a log's calls is shown to whoever gets the file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from attest.codec import instant
from attest.codec.octets import from_base64
from attest.evidence.grammar import DISCLOSURE_PREFIX
from attest.trust.making import write_trust
from tests.calls_story import CallStory
from tests.commands import Done, attest, failed, passed
from tests.world import NOW, make_trust_file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a trust file and the log of a portal: a permitted call at entries 3 and 4, a denied one at 5."""
    with CallStory(tmp_path / "log") as story:
        story.open().answered(story.call(arguments={"zone": "Europe/Vienna"}))
        story.deny(story.call("set_time"))
        story.stop().checkpoint()
        (tmp_path / "server.ref").write_bytes(story.envelope)
    (tmp_path / "trust.json").write_bytes(write_trust(make_trust_file()))
    return tmp_path


def bundled(folder: Path, *words: str) -> list[bytes]:
    """Return the disclosures in a bundle that is written so."""
    passed(attest(folder, "bundle", "log", "-o", "e.jsonl", *words))
    lines = (folder / "e.jsonl").read_bytes().splitlines()
    return [line for line in lines if line.startswith(DISCLOSURE_PREFIX)]


def verified(folder: Path, *words: str) -> Done:
    """Return what verifying it comes to."""
    about = ("--trust", "trust.json", "--reference", "server.ref", "--at", instant.text(NOW))
    return attest(folder, "verify", "e.jsonl", *about, *words)


def test_all_that_is_kept_is_shown_and_judged(folder: Path):
    values = [from_base64(json.loads(line)["value"], where="value") for line in bundled(folder, "--tier", "full")]
    assert values[0] == b'{"arguments":{"zone":"Europe/Vienna"},"name":"get_time"}'
    assert len(values) == 3
    text = passed(verified(folder, "--tier", "full"))
    assert b"disclosed   3 of 3 arguments and answers" in text


@pytest.mark.parametrize(
    ("words", "number"),
    [(("--disclose", "3"), 1), (("--disclose", "3-4"), 2), (("--disclose", "3", "--disclose", "5"), 2)],
    ids=str,
)
def test_only_what_is_asked_for_is_shown(folder: Path, words: tuple[str, ...], number: int):
    assert len(bundled(folder, "--tier", "full", *words)) == number
    assert b"asserted  conformance.arguments" in passed(verified(folder, "--tier", "full"))


def test_less_than_full_shows_nothing_and_is_less_than_demanded(folder: Path):
    assert bundled(folder) == []
    passed(verified(folder))
    assert failed(verified(folder, "--tier", "full", "--format", "json")) == {"conformance.tier"}


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("log", "--disclose", "3"), 2),
        (("log", "--tier", "full", "--disclose", "4-3"), 2),
        (("log", "--tier", "full", "--disclose", "all"), 2),
        (("log", "log", "--tier", "full", "--disclose", "3"), 2),
        (("log", "--tier", "full", "--disclose", "2"), 6),
    ],
    ids=str,
)
def test_what_cannot_be_disclosed_is_not_left_out_in_silence(folder: Path, words: tuple[str, ...], code: int):
    assert attest(folder, "bundle", *words, "-o", "e.jsonl").returncode == code
    assert not (folder / "e.jsonl").exists()
