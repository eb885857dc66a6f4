"""The page says what `attest verify` says, and a page is made of everything."""

from __future__ import annotations

import gzip
import json
import shlex
from pathlib import Path

import pytest

from attest.codec import instant
from tests.commands import attest, passed
from tests.documents import TRUST as TRUST_FILE
from tests.evidence_story import REFERENCE_DIGEST, REFERENCE_ENVELOPE, Story, honest
from tests.pages import evidence_in, facts_in
from tests.world import NOW

JUDGED = ("--trust", "trust.json", "--reference", f"sha256:{REFERENCE_DIGEST}", "--at", instant.text(NOW))
MADE = (*JUDGED, "-o", "page.html")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    (tmp_path / "trust.json").write_bytes(TRUST_FILE)
    (tmp_path / "evidence.jsonl").write_bytes(b"".join(honest(tmp_path / "log")))
    return tmp_path


def made(folder: Path, file: str = "evidence.jsonl", words: tuple[str, ...] = MADE) -> bytes:
    assert passed(attest(folder, "report", file, *words)) == b""
    return (folder / "page.html").read_bytes()


def test_the_verdict_is_that_of_verify(folder: Path) -> None:
    facts = facts_in(made(folder))
    verdict = json.loads(passed(attest(folder, "verify", "evidence.jsonl", *JUDGED, "--format", "json")))
    assert facts["verdict"] == verdict
    assert set(facts["checks"]) == {check["id"] for check in verdict["checks"]}
    assert [key["role"] for key in facts["keys"]] == ["sealer", "writer"]


def test_evidence_that_fails_is_a_page_with_its_bytes(folder: Path) -> None:
    with Story(folder / "drifted") as story:
        story.start().measure(2)
        story.violate()
        lines = story.stop().export()
    (folder / "drift.jsonl").write_bytes(b"".join(lines))
    page = made(folder, "drift.jsonl")
    assert facts_in(page)["verdict"]["verdict"] == "FAILED"
    assert evidence_in(page) == b"".join(lines)


def test_the_page_knows_by_which_word_a_check_was_not_reached(folder: Path) -> None:
    (folder / "cut.jsonl").write_bytes(b"".join(honest(folder / "cut")[:5]))
    facts = facts_in(made(folder, "cut.jsonl"))
    left = [check["id"] for check in facts["verdict"]["checks"] if check["detail"] == facts["notReached"]]
    assert "integrity.tree" in left


ODD = {"empty": b"", "odd": b"\0\1\2", "cut": b'{"kind":"header",', "gzip": gzip.compress(b"x" * 100)[:-9]}


@pytest.mark.parametrize("octets", ODD.values(), ids=ODD)
def test_whatever_is_in_the_file_is_a_page(folder: Path, octets: bytes) -> None:
    (folder / "odd").write_bytes(octets)
    assert facts_in(made(folder, "odd"))["verdict"]["verdict"] == "FAILED"


def test_lines_that_no_judge_wanted_to_read_are_in_the_page_all_the_same(folder: Path) -> None:
    lines = (folder / "evidence.jsonl").read_bytes().splitlines(keepends=True)
    lines.insert(1, b"nonsense\n")
    (folder / "odd.jsonl").write_bytes(b"".join(lines))
    assert evidence_in(made(folder, "odd.jsonl")) == b"".join(lines)


def test_packed_evidence_is_told_by_the_digest_of_the_file_as_it_lies(folder: Path) -> None:
    plain = (folder / "evidence.jsonl").read_bytes()
    (folder / "evidence.jsonl.gz").write_bytes(gzip.compress(plain))
    facts = facts_in(made(folder, "evidence.jsonl.gz"))
    assert facts["fileSha256"] != facts["content"]["sha256"] == facts_in(made(folder))["fileSha256"]


def test_the_command_on_the_page_verifies_the_copy(folder: Path) -> None:
    command = " ".join(facts_in(made(folder))["command"])
    program, *words = shlex.split(command)
    assert program == "attest"
    passed(attest(folder, *words, "--at", instant.text(NOW)))


def test_a_manifest_beside_the_reference_comes_along(folder: Path) -> None:
    (folder / "server.ref").write_bytes(REFERENCE_ENVELOPE)
    (folder / "server.ref.manifest.jsonl").write_bytes(b'{"kind":"manifest"}\n{"entries":0,"kind":"end"}\n')
    page = made(folder, words=("--trust", "trust.json", "--reference", "server.ref", "-o", "page.html"))
    assert [each["content"]["lines"] for each in facts_in(page)["manifests"]] == [2]
    assert b'id="m0-0"' in page


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("evidence.jsonl",), 2),
        (("missing.jsonl", "-o", "page.html"), 6),
        (("evidence.jsonl", "--trust", "missing.json", "-o", "page.html"), 6),
        (("evidence.jsonl", "--trust", "evidence.jsonl", "-o", "page.html"), 3),
        (("evidence.jsonl", "--trust", "trust.json", "--reference", "missing.ref", "-o", "page.html"), 6),
        (("evidence.jsonl", "-o", "missing/page.html"), 6),
    ],
)
def test_what_is_wrong_with_the_callers_own_files_is_no_page(folder: Path, words: tuple[str, ...], code: int) -> None:
    assert attest(folder, "report", *words).returncode == code
    assert not (folder / "page.html").exists()


def test_the_page_can_go_to_standard_output(folder: Path) -> None:
    page = passed(attest(folder, "report", "evidence.jsonl", *JUDGED, "-o", "-"))
    assert page.startswith(b"<!doctype html>")
    assert facts_in(page)["verdict"]["verdict"] == "PASSED"


def test_it_asks_all_that_verify_asks_and_the_command_says_so(folder: Path) -> None:
    (folder / "policy.toml").write_text(
        'schema = "https://mcp-attest.github.io/schemas/policy/v0.1"\n[measured]\nmin-cycles = 99\n'
    )
    more = ("--policy", "policy.toml", "--context", "commit=a b", "--max-evidence-age", "86400")
    facts = facts_in(made(folder, words=(*MADE, *more)))
    verdict = facts["verdict"]
    assert (verdict["verdict"], verdict["axes"]["policy"]) == ("FAILED", "fail")
    assert set(facts["checks"]) == {check["id"] for check in verdict["checks"]}
    assert facts["command"][-6:] == [
        "--context",
        "'commit=a b'",
        "--max-evidence-age",
        "86400",
        "--policy",
        "policy.toml",
    ]


@pytest.mark.parametrize(
    ("file", "words", "told"),
    [
        ("evidence.jsonl", MADE, "PASSED  evidence.jsonl  (evidence-bundle, receipts): wrote page.html\n"),
        ("empty", MADE, "FAILED  empty  (unknown): wrote page.html\n"),
        ("empty", (*JUDGED, "-o", "-"), "FAILED  empty  (unknown)\n"),
        ("empty", ("-o", "page.html"), "not judged, without a trust file  empty: wrote page.html\n"),
    ],
)
def test_the_verdict_is_told_in_a_line_beside_the_page(
    folder: Path, file: str, words: tuple[str, ...], told: str
) -> None:
    (folder / "empty").write_bytes(b"")
    done = attest(folder, "report", file, *words)
    assert (done.returncode, done.stderr.decode()) == (0, told)


def test_without_a_trust_file_the_command_asks_for_one(folder: Path) -> None:
    facts = facts_in(made(folder, words=("-o", "page.html")))
    assert facts["command"] == ["attest", "verify", "evidence.jsonl", "--trust", "trust.json", "--reference", "REF"]
    assert facts["verdict"] is None
