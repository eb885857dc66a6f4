"""The door: what `--help` shows, and calls that are refused as usage before anything is read or written."""

from __future__ import annotations

import errno
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from attest.cli.door import VERBS, ExitCode, enter
from attest.trust.making import write_trust
from tests import documents
from tests.revoking import of_reference, single
from tests.world import make_trust_file

SEAL = ("seal", "server", "--trust", "trust.json", "--key", "sealer.key")


def test_help_keeps_its_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert enter(["--help"]) == ExitCode.PASSED
    told = capsys.readouterr().out
    assert "\\b" not in told
    assert "\n  Exit codes: 0 passed," in told


@pytest.mark.parametrize("verb", ["key", "log", "policy", "tools", "trust"])
def test_the_verbs_below_a_verb_are_told_whole(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert enter([verb, "--help"]) == ExitCode.PASSED
    verbs = capsys.readouterr().out.partition("\nVerbs:\n")[2].splitlines()
    assert verbs
    assert all(re.fullmatch(r"  [a-z]+  +[^.]{10,}", line) for line in verbs)


def test_a_number_that_is_asked_for_says_of_what(capsys: pytest.CaptureFixture[str]) -> None:
    for verb in VERBS:
        enter([verb, "--help"])
        assert " RANGE" not in capsys.readouterr().out, verb


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


@pytest.mark.parametrize("words", [("show", "log"), ("verify", "log", "--trust", "trust.json")])
def test_a_log_where_a_file_is_wanted_is_said_to_be_exported_first(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "log").mkdir()
    (tmp_path / "trust.json").write_bytes(write_trust(make_trust_file()))
    assert enter(words) == ExitCode.UNAVAILABLE
    assert "attest bundle log -o FILE" in capsys.readouterr().err


@pytest.mark.parametrize("octets", [single(of_reference()), documents.MANIFEST, b"", b"{}"])
@pytest.mark.parametrize("verb", [("verify",), ("report", "-o", "report.html")])
def test_a_reference_that_is_none_is_the_callers_own_malformed_file(
    verb: tuple[str, ...],
    octets: bytes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "trust.json").write_bytes(write_trust(make_trust_file()))
    (tmp_path / "evidence.jsonl").write_bytes(b"")
    (tmp_path / "other.json").write_bytes(octets)
    words = [*verb, "evidence.jsonl", "--trust", "trust.json", "--reference", "other.json"]
    assert enter(words) == ExitCode.MALFORMED
    assert capsys.readouterr().err.startswith("attest: other.json: expected ")
    assert not (tmp_path / "report.html").exists()


@pytest.mark.parametrize("octets", [single(of_reference()), documents.MANIFEST, b"", b"{}", b"\0"])
def test_another_file_in_the_place_of_the_trust_file_is_said_to_be_that(
    octets: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other").write_bytes(octets)
    assert enter(["verify", "other", "--trust", "other"]) == ExitCode.MALFORMED
    told = "attest: other: expected a trust file, as attest trust new writes it, found another document\n"
    assert capsys.readouterr().err == told


def test_of_several_files_none_is_judged_if_one_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "trust.json").write_bytes(write_trust(make_trust_file()))
    (tmp_path / "one").write_bytes(b"")
    assert enter(["verify", "one", "two", "--trust", "trust.json"]) == ExitCode.UNAVAILABLE
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "attest: two: expected a readable file, found none of that name\n")


def test_too_short_a_digest_is_told_in_our_own_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "trust.json").write_bytes(write_trust(make_trust_file()))
    (tmp_path / "one").write_bytes(b"")
    for flag in ("--reference", "--artifact"):
        assert enter(["verify", "one", "--trust", "trust.json", flag, "sha256:12ab"]) == ExitCode.USAGE
        assert "expected sha256: and all of its digits, found 4: sha256:12ab" in capsys.readouterr().err


def test_a_file_that_may_not_be_read_is_unavailable_as_one_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # Root may read everything: what the system would say to anybody else is said here.
    def refuse(path: Path, *_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    (tmp_path / "ref").write_bytes(b"")
    monkeypatch.setattr(os, "access", lambda *_, **__: False)
    monkeypatch.setattr(Path, "open", refuse)
    assert enter(["show", str(tmp_path / "ref")]) == ExitCode.UNAVAILABLE
    assert "expected a readable file, found Permission denied" in capsys.readouterr().err


def test_a_folder_that_may_not_be_entered_is_no_fault(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(path: Path) -> bool:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "exists", refuse)
    assert enter(["key", "new", "/locked/new.key"]) == ExitCode.UNAVAILABLE
    assert capsys.readouterr().err == "attest: /locked/new.key: expected leave to look there, found Permission denied\n"


def test_a_current_folder_that_was_removed_is_said_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert enter(["scan", "--no-running"]) == ExitCode.UNAVAILABLE
    told = capsys.readouterr().err
    assert told == "attest: the current folder: expected one that is there, found none\nhint: cd to another one\n"


def test_what_looks_like_a_digest_and_is_none_is_usage(tmp_path: Path) -> None:
    (tmp_path / "trust.json").write_bytes(write_trust(make_trust_file()))
    words = ("verify", "evidence.jsonl", "--trust", str(tmp_path / "trust.json"), "--reference", "sha256:zz")
    assert enter(words) == ExitCode.USAGE


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("words", [["doctor"], ["trust", "check", "trust.json"], ["--help"]])
def test_a_full_disk_under_the_output_is_no_fault_and_no_success(tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "trust.json").write_bytes(write_trust(make_trust_file()))
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "attest", *words], cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode != 0
    assert b"fault" not in done.stderr


@pytest.mark.parametrize("stream", [1, 2], ids=["standard output", "standard error"])
def test_a_stream_that_the_caller_closed_is_no_fault(tmp_path: Path, stream: int) -> None:
    (tmp_path / "trust.json").write_bytes(write_trust(make_trust_file()))
    command = f'exec "{sys.executable}" -m attest trust check trust.json {stream}>&-'
    done = subprocess.run(["/bin/sh", "-c", command], cwd=tmp_path, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_locale_without_a_character_for_what_is_shown_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "client.json").write_text('{"mcpServers": {"one": {"command": "npx", "args": ["-y", "no-server"]}}}')
    done = subprocess.run(
        [sys.executable, "-m", "attest", "scan", "client.json", "--no-running"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "latin-1"},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"npx no-server \\u2026" in done.stdout
