"""`attest log anchor`, and what the other verbs tell of it, as docs/proofs.md has it."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from attest.codec import instant
from tests.commands import attest, passed
from tests.evidence_story import REFERENCE_ENVELOPE, Story
from tests.sigstore_world import TSA_ROOT
from tests.time_stamping import OTHER_ROOT, pem_of, serving, stamping
from tests.world import SEALER, WRITER, write_key_pair


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A log, a trust file that names the authority, another that names a different one."""
    for name, key in (("sealer", SEALER), ("writer", WRITER)):
        write_key_pair(tmp_path, name, key)
    for name, root in (("trust", TSA_ROOT), ("other", OTHER_ROOT)):
        (tmp_path / f"{name}.pem").write_bytes(pem_of(root))
        people = ("--sealer", "sealer.key.pub", "--writer", "writer.key.pub", "--timestamp-authority", f"{name}.pem")
        passed(attest(tmp_path, "trust", "new", f"{name}.json", *people))
    (tmp_path / "server.ref").write_bytes(REFERENCE_ENVELOPE)
    with Story(tmp_path / "log") as story:
        story.start().measure(2).stop().checkpoint()
    return tmp_path


def test_from_the_trust_file_to_the_verdict(folder: Path):
    now = time.time_ns() // 1_000_000
    with serving(stamping(at=now)) as url:
        done = attest(folder, "log", "anchor", "log", "--tsa", url, "--trust", "trust.json")
        again = attest(folder, "log", "anchor", "log", "--tsa", url, "--trust", "trust.json")
    at = instant.text(now // 1000 * 1000)
    assert passed(done).decode() == passed(again).decode() == f"4 entries existed by {at}, says CN=tsa root\n"
    assert done.stderr == again.stderr == b""  # cron sends a mail for every line
    assert f"  anchor {at} rfc3161" in passed(attest(folder, "log", "show", "log")).decode()
    passed(attest(folder, "log", "check", "log"))
    assert "time stamp CN=tsa root" in passed(attest(folder, "trust", "show", "trust.json")).decode()
    passed(attest(folder, "bundle", "log", "-o", "evidence.jsonl"))
    asked = ("--reference", "server.ref", "--format", "json", "--max-evidence-age", "999999999")
    verdict = json.loads(attest(folder, "verify", "evidence.jsonl", "--trust", "trust.json", *asked).stdout)
    assert verdict["anchored"] == at


def test_an_answer_that_the_trust_file_does_not_verify_is_untrusted_input(folder: Path):
    with serving(stamping(at=time.time_ns() // 1_000_000)) as url:
        assert attest(folder, "log", "anchor", "log", "--tsa", url, "--trust", "other.json").returncode == 4
    assert b"anchor" not in passed(attest(folder, "log", "show", "log"))


def test_an_authority_that_does_not_answer_is_unavailable(folder: Path):
    with serving(lambda _request: (503, {}, b"")) as url:
        assert attest(folder, "log", "anchor", "log", "--tsa", url, "--trust", "trust.json").returncode == 6
    assert attest(folder, "log", "anchor", "log", "--trust", "trust.json").returncode == 2


@pytest.mark.parametrize("octets", [b"", b"no certificate", pem_of(TSA_ROOT, OTHER_ROOT), pem_of(TSA_ROOT)[:-40]])
def test_a_file_that_is_not_one_authority_is_malformed(folder: Path, octets: bytes):
    (folder / "tsa.pem").write_bytes(octets)
    assert attest(folder, "trust", "new", "new.json", "--timestamp-authority", "tsa.pem").returncode == 3
    assert not (folder / "new.json").exists()
