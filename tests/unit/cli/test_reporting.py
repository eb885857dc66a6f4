"""The verdicts of one call, in as many formats as were asked for: a file each, whether they passed or not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from attest.cli import output
from attest.codec import instant
from attest.evidence.reports import REPORTS
from attest.trust.making import write_trust
from tests.commands import Done, attest
from tests.evidence_story import REFERENCE_DIGEST, honest
from tests.sarif_schema import sarif_validator
from tests.world import NOW, make_trust_file


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return b"".join(honest(tmp_path_factory.mktemp("log")))


@pytest.fixture
def folder(tmp_path: Path, evidence: bytes, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("GITHUB_WORKSPACE", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "trust.json").write_bytes(write_trust(make_trust_file()))
    (tmp_path / "e.jsonl").write_bytes(evidence)
    (tmp_path / "cut.jsonl").write_bytes(evidence[:-200])
    return tmp_path


def _verify(folder: Path, *words: str) -> Done:
    fixed = ("--trust", "trust.json", "--reference", f"sha256:{REFERENCE_DIGEST}", "--at", instant.text(NOW))
    return attest(folder, "verify", *words, *fixed)


def test_one_call_saves_every_format_beside_what_it_prints(folder: Path):
    saves = [word for name in REPORTS for word in ("--save", f"{name}=out.{name}")]
    done = _verify(folder, "e.jsonl", "cut.jsonl", "--format", "json", *saves)
    assert done.returncode == 1
    verdicts = [json.loads(line) for line in done.stdout.splitlines()]
    assert [each["verdict"] for each in verdicts] == ["PASSED", "FAILED"]
    assert (folder / "out.json").read_bytes() == done.stdout
    for name in REPORTS:
        assert "FAILED" in (folder / f"out.{name}").read_text()
    sarif_validator().validate(json.loads((folder / "out.sarif").read_bytes()))


def test_what_is_printed_to_a_terminal_fits_it_and_what_is_saved_or_read_by_programs_stays_as_it_is(
    folder: Path, monkeypatch: pytest.MonkeyPatch
):
    piped = _verify(folder, "cut.jsonl").stdout
    as_json = _verify(folder, "cut.jsonl", "--format", "json").stdout
    monkeypatch.setattr(output, "terminal_width", lambda: 80)
    shown = _verify(folder, "cut.jsonl", "--save", "text=saved.txt").stdout
    assert max(map(len, piped.splitlines())) > 80 >= max(map(len, shown.splitlines()))
    assert shown.split() == piped.split()
    assert (folder / "saved.txt").read_bytes() == piped
    assert _verify(folder, "cut.jsonl", "--format", "json").stdout == as_json


def test_a_file_is_named_by_its_place_in_the_workspace(folder: Path, monkeypatch: pytest.MonkeyPatch):
    (folder / "sub").mkdir()
    (folder / "sub" / "trust.json").write_bytes((folder / "trust.json").read_bytes())
    monkeypatch.setenv("GITHUB_WORKSPACE", str(folder))
    done = _verify(folder / "sub", "../cut.jsonl", "--format", "sarif")
    [place] = {
        result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        for result in json.loads(done.stdout)["runs"][0]["results"]
    }
    assert place == "cut.jsonl"


def test_a_file_outside_the_workspace_is_named_in_full(folder: Path, monkeypatch: pytest.MonkeyPatch):
    (folder / "workspace").mkdir()
    monkeypatch.setenv("GITHUB_WORKSPACE", str(folder / "workspace"))
    done = _verify(folder, "cut.jsonl", "--format", "sarif")
    [result, *_] = json.loads(done.stdout)["runs"][0]["results"]
    place = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place == {"uri": (folder.resolve() / "cut.jsonl").as_uri()}


@pytest.mark.parametrize(
    "words",
    [
        ("--save", "sarif=a", "--save", "json=a"),
        ("--save", "sarif=a", "-o", "./a"),
        ("--save", "json=e.jsonl"),
        ("-o", "e.jsonl"),
        ("--save", "sarif=-"),
        ("--save", "sarif="),
        ("--save", "sarif"),
        ("--save", "pdf=a"),
    ],
)
def test_a_report_without_a_file_of_its_own_is_a_usage_error(folder: Path, words: tuple[str, ...]):
    assert _verify(folder, "e.jsonl", *words).returncode == 2
    assert sorted(each.name for each in folder.iterdir()) == ["cut.jsonl", "e.jsonl", "trust.json"]


def test_a_report_that_cannot_be_written_is_not_passed_over(folder: Path):
    assert _verify(folder, "e.jsonl", "--save", "sarif=missing/a").returncode == 6


def test_the_page_of_the_job_gets_a_summary_beside_what_is_there(folder: Path, monkeypatch: pytest.MonkeyPatch):
    page = folder / "summary.md"
    page.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(page))
    done = _verify(folder, "e.jsonl", "cut.jsonl", "--format", "github")
    assert done.stdout.startswith(b"::error file=cut.jsonl,")
    assert page.read_text().startswith("before\n## \u274c FAILED: 1 of 2 files did not pass\n")
    before = page.read_bytes()
    _verify(folder, "e.jsonl", "--format", "markdown")
    assert page.read_bytes() == before


def test_the_page_of_the_job_never_grows_beyond_what_is_shown(folder: Path, monkeypatch: pytest.MonkeyPatch):
    page = folder / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(page))
    for room in (0, 100, 1000):
        page.write_bytes(b"x" * (1024 * 1024 - room))
        assert _verify(folder, "cut.jsonl", "--format", "github").returncode == 1
        assert page.stat().st_size <= 1024 * 1024


def test_a_page_that_cannot_be_written_is_not_passed_over(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(folder / "missing" / "summary.md"))
    assert _verify(folder, "e.jsonl", "--format", "github").returncode == 6
