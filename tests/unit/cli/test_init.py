"""After `attest init` the line runs without naming trust file, keys or log; the current folder counts for nothing."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from attest.cli import home
from attest.errors import UnavailableError
from attest.tlog.stores.lock import take_lock
from tests.commands import attest, attest_process, passed


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data directory; a server lies beside it."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    program = tmp_path / "server/run.sh"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\ncat\n")
    program.chmod(0o755)
    return tmp_path / "data/mcp-attest"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_init_makes_what_is_missing_and_keeps_what_is_there(place):
    told = passed(attest(place.parents[1], "init")).decode()
    assert told.count("made  ") == 6
    assert mode(place) == 0o700
    assert {mode(home.sealer_key()), mode(home.writer_key())} == {0o600}
    before = {path: path.read_bytes() for path in place.iterdir() if path.is_file()}
    home.writer_key().unlink()
    for name in ("writer.key.pub", "writer.key.revoke"):
        (place / name).unlink()
    told = passed(attest(place.parents[1], "init")).decode()
    assert told.count("kept  ") == 5
    assert (place / "sealer.key").read_bytes() == before[place / "sealer.key"]
    assert (place / "trust.json").read_bytes() == before[place / "trust.json"]


def test_the_whole_line_needs_no_path_after_init(place):
    folder = place.parents[1]
    passed(attest(folder, "init"))
    passed(attest(folder, "seal", "server", "--name", "one", "--allow-site", "*", "--", "server/run.sh"))
    assert (place / "references/one.ref").is_file()
    assert b"NOT VERIFIED" in passed(attest(folder, "show", "one"))
    passed(attest(folder, "agent", "one", "--once"))
    passed(attest(folder, "bundle", str(place / "logs/agent"), "-o", "evidence.jsonl"))
    assert b"PASSED" in passed(attest(folder, "verify", "evidence.jsonl", "--reference", "one"))
    passed(attest(folder, "diff", "one", "one"))
    assert passed(attest_process(folder, "run", "one", stdin=b"hello\n")) == b"hello\n"
    assert (place / "logs/run-one/log.db").is_file()


def test_a_log_is_found_by_its_name_and_who_names_none_is_told_which_there_are(place):
    folder = place.parents[1]
    passed(attest(folder, "init"))
    told = attest(folder, "log", "show", "one")
    assert (told.returncode, b"hint" in told.stderr) == (6, False)
    passed(attest(folder, "seal", "server", "--name", "one", "--allow-site", "*", "--", "server/run.sh"))
    passed(attest(folder, "agent", "one", "--once"))
    (place / "logs/run-two").mkdir()
    assert b"runtime-measurement" in passed(attest(folder, "log", "show", "agent"))
    passed(attest(folder, "bundle", "agent", "-o", "evidence.jsonl"))
    told = attest(folder, "bundle", "one", "-o", "evidence.jsonl")
    assert told.returncode == 6
    assert f"hint: in {place}/logs are agent, run-two" in told.stderr.decode()


def test_a_folder_that_is_there_comes_before_the_name_of_a_log(place, monkeypatch):
    monkeypatch.chdir(place.parents[1])
    for log in (place / "logs/agent", Path("agent")):
        log.mkdir(parents=True)
    assert home.LOG.convert("agent", None, None) == Path("agent")


def test_without_init_everything_has_to_be_said(place):
    folder = place.parents[1]
    for name in ("trust.json", "sealer.key", "writer.key"):
        (folder / name).write_text("{}")
    for words in (("seal", "server", "--name", "x"), ("agent", "one"), ("run", "one"), ("verify", "x")):
        done = attest(folder, *words)
        assert done.returncode == 2
        assert b"Missing option" in done.stderr
    told = attest(folder, "verify", "x").stderr
    assert b"not from whoever gave you FILE" in told
    assert b"attest report" in told


def test_seal_without_a_place_or_a_name_says_what_it_needs(place):
    folder = place.parents[1]
    passed(attest(folder, "init"))
    done = attest(folder, "seal", "server", "--allow-site", "*")
    assert done.returncode == 2
    assert b"--name" in done.stderr


@pytest.mark.parametrize("name", ["../trust", "/etc/passwd", "..", "a/b", "a\nb", ""])
def test_a_name_never_leads_out_of_the_folder_of_references(place, name):
    home.references().mkdir(parents=True)
    (place / "trust.ref").write_text("{}")
    assert home.REFERENCE.convert(name, None, None) == Path(name)


def test_a_file_that_is_there_comes_before_a_name(place, monkeypatch):
    home.references().mkdir(parents=True)
    (home.references() / "one.ref").write_text("{}")
    assert home.REFERENCE.convert("one", None, None) == home.references() / "one.ref"
    monkeypatch.chdir(place)
    (place / "one").write_text("{}")
    assert home.REFERENCE.convert("one", None, None) == Path("one")


def test_who_names_no_reference_is_told_which_there_are(place, monkeypatch):
    home.references().mkdir(parents=True)
    for name in ("two", "one"):
        (home.references() / f"{name}.ref").write_text("{}")
    monkeypatch.chdir(place)
    with pytest.raises(UnavailableError) as caught:
        home.REFERENCE.convert("three", None, None)
    assert caught.value.hint == f"in {home.references()} are one, two"


def test_a_key_that_is_gone_is_not_said_to_be_made_by_init(place):
    passed(attest(place.parents[1], "init"))
    home.writer_key().unlink()
    told = attest(place.parents[1], "run", "time").stderr.decode()
    assert "Missing option '--key'. What attest init made is gone." in told


def test_a_folder_of_a_name_is_no_reference(place, monkeypatch):
    home.references().mkdir(parents=True)
    (home.references() / "one.ref").write_text("{}")
    (place / "one").mkdir()
    monkeypatch.chdir(place)
    assert home.REFERENCE.convert("one", None, None) == home.references() / "one.ref"


def test_each_that_runs_at_a_time_has_a_log_of_its_own(place):
    passed(attest(place.parents[1], "init"))
    first = home.log_of(home.reference_path("one"))
    first.mkdir()
    held = take_lock(first)
    second = home.log_of(home.reference_path("one"))
    os.close(held)
    assert (first.name, second.name) == ("run-one", "run-one.2")
    assert home.log_of(home.reference_path("one")) == first


@pytest.mark.parametrize("name", ["@scope/server", "a b", "../x", "x" * 300])
def test_the_place_of_a_reference_is_in_its_folder_whatever_its_name(name):
    assert home.reference_path(name).parent == home.references()
