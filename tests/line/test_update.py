"""`attest update`: one command after an update, and the old reference stays good for the overlap."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands import attest, failed, passed

WORDS = ("--trust", "trust.json", "--key", "sealer.key", "--evidence", "none", "--allow-site", "*")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    program = tmp_path / "server/run.sh"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\ncat\n")
    program.chmod(0o755)
    for words in (
        ("key", "new", "sealer.key"),
        ("key", "new", "writer.key"),
        ("trust", "new", "trust.json", "--sealer", "sealer.key.pub", "--writer", "writer.key.pub"),
        ("seal", "server", *WORDS[:4], "--allow-site", "*", "-o", "server.ref", "--", "server/run.sh"),
    ):
        passed(attest(tmp_path, *words))
    return tmp_path


def agent(folder: Path, reference: str, *more: str) -> int:
    words = ("agent", reference, "--trust", "trust.json", "--key", "writer.key", "--log", f"log-{reference}", "--once")
    return attest(folder, *words, *more).returncode


def test_an_update_is_one_command(folder):
    (folder / "server/run.sh").write_text("#!/bin/sh\ncat -\n")
    assert agent(folder, "server.ref") == 1
    done = attest(folder, "update", "server.ref", *WORDS, "--yes")
    passed(done)
    assert b"run.sh" in done.stderr
    assert agent(folder, "server.ref") == 0
    assert (folder / "server-1.ref.manifest.jsonl").is_file()


def test_the_new_reference_matches_and_the_old_one_is_void_after_the_overlap(folder):
    (folder / "server/run.sh").write_text("#!/bin/sh\ncat -\n")
    passed(attest(folder, "update", "server.ref", *WORDS, "--yes", "--overlap", "0"))
    words = ("--trust", "trust.json", "--key", "writer.key", "--log", "log", "--once")
    passed(attest(folder, "agent", "server.ref", *words))
    passed(attest(folder, "bundle", "log", "-o", "e.jsonl"))
    verify = ("verify", "e.jsonl", "--trust", "trust.json", "--reference")
    passed(attest(folder, *verify, "server.ref", "--revocations", "server-1.ref.revoked"))
    old = attest(
        folder,
        "verify",
        "server-1.ref",
        "--trust",
        "trust.json",
        "--revocations",
        "server-1.ref.revoked",
        "--format",
        "json",
    )
    assert any("revocation" in check for check in failed(old))


def test_nothing_is_written_where_nothing_changed(folder):
    before = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    done = attest(folder, "update", "server.ref", *WORDS, "--yes")
    passed(done)
    assert b"nothing changed" in done.stderr
    assert {path: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before


def test_without_a_yes_nothing_is_sealed(folder):
    (folder / "server/run.sh").write_text("#!/bin/sh\ncat -\n")
    before = (folder / "server.ref").read_bytes()
    assert attest(folder, "update", "server.ref", *WORDS).returncode == 5
    assert (folder / "server.ref").read_bytes() == before


def test_a_reference_of_a_stranger_is_not_sealed_anew(folder):
    passed(attest(folder, "key", "new", "other.key"))
    passed(attest(folder, "trust", "new", "other.json", "--sealer", "other.key.pub", "--writer", "writer.key.pub"))
    words = ("--trust", "other.json", "--key", "other.key", *WORDS[4:], "--yes")
    assert attest(folder, "update", "server.ref", *words).returncode == 4


def test_all_leaves_the_replaced_ones_alone_and_goes_on_after_a_failure(folder, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(folder / "data"))
    passed(attest(folder, "init"))
    for name in ("one", "two"):
        passed(attest(folder, "seal", "server", "--name", name, "--allow-site", "*", "--", "server/run.sh"))
    (folder / "data/mcp-attest/references/broken.ref").write_text("{}")
    (folder / "server/run.sh").write_text("#!/bin/sh\ncat -\n")
    done = attest(folder, "update", "--all", "--evidence", "none", "--allow-site", "*", "--yes")
    assert done.returncode == 3
    names = sorted(path.name for path in (folder / "data/mcp-attest/references").glob("*.ref"))
    assert names == ["broken.ref", "one-1.ref", "one.ref", "two-1.ref", "two.ref"]
    (folder / "data/mcp-attest/references/broken.ref").unlink()
    done = attest(folder, "update", "--all", "--evidence", "none", "--allow-site", "*", "--yes")
    passed(done)
    assert done.stderr.count(b"nothing changed") == 2
