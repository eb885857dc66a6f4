"""The gate on the command line: what `attest policy check` and `verify --policy` exit with, and say."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from attest.codec import instant
from attest.evidence.policy.document import POLICY_SCHEMA
from attest.trust.making import write_trust
from tests.commands import Done, attest, attest_process, passed
from tests.evidence_story import REFERENCE_DIGEST, honest
from tests.policies import TODAY, TOMORROW, YESTERDAY, exception
from tests.world import NOW, make_trust_file

AT = instant.text(NOW)
LOOSE = "[measured]\nmin-cycles = 2\n"
TIGHT = "[measured]\nmin-cycles = 99\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "e.jsonl").write_bytes(b"".join(honest(tmp_path / "log")))
    (tmp_path / "trust.json").write_bytes(write_trust(make_trust_file()))
    return tmp_path


def write(folder: Path, text: str) -> None:
    (folder / "p.toml").write_text(f'schema = "{POLICY_SCHEMA}"\n{text}', encoding="utf-8")


def check(folder: Path, text: str) -> Done:
    write(folder, text)
    return attest(folder, "policy", "check", "p.toml", "--at", AT)


def verify(folder: Path, text: str | None, *words: str, files: Sequence[str] = ("e.jsonl",)) -> Done:
    if text is not None:
        write(folder, text)
    trusted = ("--trust", "trust.json", "--reference", f"sha256:{REFERENCE_DIGEST}", "--at", AT)
    return attest(folder, "verify", *files, *trusted, "--policy", "p.toml", *words)


def test_a_good_policy_is_told_with_its_digest_and_exits_0(tmp_path: Path) -> None:
    done = check(tmp_path, LOOSE)
    assert b"1 of " in passed(done)
    assert b"sha256:" in done.stdout
    assert done.stderr == b""


def test_oddities_are_warnings_on_standard_error_and_exit_0(tmp_path: Path) -> None:
    done = check(tmp_path, LOOSE + exception("policy.measured", expires=TODAY))
    assert passed(done)
    assert b"expires within 14 days" in done.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[measured]\nmin-cycle = 2", b"hint: did you mean min-cycles?"),
        (LOOSE + exception("integrity.tree"), b"cannot be excused"),
        (LOOSE + exception("policy.measured", expires=YESTERDAY), b"over since 2026-11-21"),
        ("[measured", b"TOML"),
    ],
)
def test_what_no_gate_can_use_exits_3(tmp_path: Path, text: str, said: bytes) -> None:
    done = check(tmp_path, text)
    assert done.returncode == 3
    assert said in done.stderr
    assert done.stdout == b""


def test_a_policy_that_is_not_there_is_unavailable(folder: Path) -> None:
    assert attest(folder, "policy", "check", "none.toml").returncode == 6
    assert verify(folder, None).returncode == 6


def test_verify_keeps_the_policy_and_names_its_digest(folder: Path) -> None:
    [line] = passed(verify(folder, LOOSE, "--format", "json")).splitlines()
    verdict = json.loads(line)
    assert verdict["axes"]["policy"] == "pass"
    assert verdict["policy"]["sha256"] in check(folder, LOOSE).stdout.decode()


def test_verify_fails_with_what_the_policy_demands_and_what_to_do(folder: Path) -> None:
    done = verify(folder, TIGHT)
    assert done.returncode == 1
    text = done.stdout.decode()
    assert text.startswith("FAILED  e.jsonl")
    assert "policy        FAIL" in text
    assert "FAIL  policy.measured: mcp-server-time: measured in too few cycles" in text
    assert "expected  at least 99" in text
    assert "found     3" in text
    assert "to do     Let the tests run longer" in text


def test_a_malformed_policy_is_the_callers_own_fault_and_no_verdict(folder: Path) -> None:
    done = verify(folder, "[measured]\nmin-cycle = 2")
    assert done.returncode == 3
    assert done.stdout == b""
    assert b"did you mean min-cycles?" in done.stderr


def test_an_expired_exception_is_a_verdict(folder: Path) -> None:
    done = verify(folder, LOOSE + exception("policy.measured", expires=YESTERDAY))
    assert done.returncode == 1
    assert b"policy.exceptions" in done.stdout


def test_an_exception_that_is_used_is_told_in_the_verdict_and_an_idle_one_on_standard_error(folder: Path) -> None:
    text = TIGHT + exception("policy.measured", expires=TOMORROW) + exception("policy.site", expires=TOMORROW)
    done = verify(folder, text)
    told = passed(done).decode()
    assert "asserted  policy.measured: excused until 2026-11-23: until it is mended" in told
    assert "1 of 2 exceptions used" in told
    assert done.stderr.decode() == "p.toml: exceptions, number 2 (policy.site): it excused nothing\n"


def test_an_exception_that_is_used_for_one_of_two_files_is_not_idle(folder: Path) -> None:
    (folder / "x.jsonl").write_bytes(b"nothing\n")
    text = TIGHT + exception("policy.measured", expires=TOMORROW)
    done = verify(folder, text, files=("x.jsonl", "e.jsonl"))
    assert done.returncode == 1
    assert done.stderr == b""


def test_what_is_missing_in_all_files_fails_in_each(folder: Path) -> None:
    done = verify(folder, '[required]\nservers = ["other"]', "--format", "json", files=("e.jsonl", "e.jsonl"))
    verdicts = [json.loads(line) for line in done.stdout.splitlines()]
    assert [verdict["verdict"] for verdict in verdicts] == ["FAILED", "FAILED"]
    assert {verdict["axes"]["policy"] for verdict in verdicts} == {"fail"}


@pytest.mark.parametrize("form", ["sarif", "junit", "github", "markdown"])
def test_every_format_tells_of_the_policy(folder: Path, form: str) -> None:
    done = verify(folder, TIGHT, "--format", form)
    assert done.returncode == 1
    assert b"policy.measured" in done.stdout


def test_without_a_policy_nothing_of_one_is_imported(folder: Path) -> None:
    """Cold start is a promise."""
    words = ("e.jsonl", "--trust", "trust.json", "--reference", f"sha256:{REFERENCE_DIGEST}", "--at", AT)
    code = "import sys; from attest.cli.door import enter; enter(sys.argv[1:]); print(sorted(sys.modules))"
    assert b"attest.evidence.policy" not in _process(folder, code, "verify", *words)


def _process(folder: Path, code: str, *words: str) -> bytes:
    import subprocess
    import sys

    done = subprocess.run([sys.executable, "-c", code, *words], cwd=folder, capture_output=True, check=True)
    assert b"PASSED" in done.stdout
    return done.stdout


def test_verify_says_the_same_in_a_process_of_its_own(folder: Path) -> None:
    write(folder, LOOSE)
    words = ("--trust", "trust.json", "--reference", f"sha256:{REFERENCE_DIGEST}", "--at", AT, "--policy", "p.toml")
    assert b"policy        ok" in passed(attest_process(folder, "verify", "e.jsonl", *words))
