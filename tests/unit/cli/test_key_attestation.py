"""A key for one job from the first command to the verdict, as a CI job drives them, by the machine's clock."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from attest.codec.strict import parse
from attest.trust.making import write_trust
from tests import certified, sigstore_world
from tests.certified import COMMIT, ISSUER, JOB_KEY, REF, WORKFLOW, attest_key, leaf
from tests.commands import attest, failed, passed
from tests.installed import Bench
from tests.launches import REPORT, make_launch_bench, seal_script, start_run, told
from tests.world import write_key_pair

SIGNED = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=30)
MADE = ("--trust", "trust.json", "--key", "writer.key", "--key-attestation", "attestation.json", "--log", "log")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    made = make_launch_bench(tmp_path)
    (tmp_path / "trust.json").write_bytes(write_trust(certified.trust_file()))
    (tmp_path / "writer.key").unlink()
    write_key_pair(tmp_path, "writer", JOB_KEY)
    (tmp_path / "attestation.json").write_bytes(attest_key(signed=SIGNED))
    return made


def verified(bench: Bench, *words: str) -> dict[str, dict[str, str]]:
    """The checks of the evidence, which passes."""
    passed(attest(bench.folder, "bundle", "log", "-o", "evidence.jsonl"))
    question = ("--trust", "trust.json", "--reference", "server.ref", "--format", "json", *words)
    verdict = parse(passed(attest(bench.folder, "verify", "evidence.jsonl", *question)), where="verdict")
    return {check["id"]: check for check in verdict["checks"]}


def test_an_agent_with_a_key_of_its_job_ends_in_evidence_that_tells_the_job(bench: Bench) -> None:
    bench.write(bench.seal(trust=certified.TRUST))
    words = ("server.ref", *MADE, "--once", "--context", f"commit={COMMIT}", "--context", "run=4711")
    passed(attest(bench.folder, "agent", *words))
    told = verified(bench, "--context", f"commit={COMMIT}")["authenticity.writer-certificate"]
    assert told["status"] == "pass"
    assert f"{WORKFLOW}@{REF}" in told["detail"]
    assert b"by an attestation of the job" in passed(attest(bench.folder, "show", "evidence.jsonl"))


def test_a_run_that_lies_about_its_commit_is_found(bench: Bench) -> None:
    bench.write(bench.seal(trust=certified.TRUST))
    passed(attest(bench.folder, "agent", "server.ref", *MADE, "--once", "--context", "commit=abc"))
    passed(attest(bench.folder, "bundle", "log", "-o", "evidence.jsonl"))
    question = ("--trust", "trust.json", "--reference", "server.ref", "--context", "commit=abc", "--format", "json")
    assert failed(attest(bench.folder, "verify", "evidence.jsonl", *question)) == {"authenticity.writer-certificate"}


def test_a_server_is_run_under_such_a_key(bench: Bench) -> None:
    (bench.tree / "serve.py").write_text(REPORT)
    seal_script(bench, REPORT, trust=certified.TRUST)
    process = start_run(bench, "--key-attestation", "attestation.json")
    told(process)
    assert process.returncode == 0
    assert verified(bench)["authenticity.writer-window"]["status"] == "pass"


@pytest.mark.parametrize("verb", ["agent", "run", "portal"])
def test_what_does_not_certify_the_key_is_untrusted_and_nothing_is_begun(bench: Bench, verb: str) -> None:
    seal_script(bench, REPORT, trust=certified.TRUST)
    other = leaf(f"{WORKFLOW}@refs/pull/7/merge", signed=SIGNED)
    for attestation in (attest_key(certificate=other, signed=SIGNED), attest_key(signed=SIGNED - timedelta(days=2))):
        (bench.folder / "attestation.json").write_bytes(attestation)
        done = attest(bench.folder, verb, "server.ref", *MADE)
        assert done.returncode == 4, done.stderr
        assert b"hint:" in done.stderr
        assert not (bench.folder / "log").exists()
    (bench.folder / "attestation.json").write_bytes(b"{}")
    assert attest(bench.folder, verb, "server.ref", *MADE).returncode == 3


def test_a_trust_file_with_identities_of_writers_is_made_shown_and_checked(bench: Bench) -> None:
    folder = bench.folder
    (folder / "root.json").write_bytes(sigstore_world.encoded(sigstore_world.root_document()))
    passed(attest(folder, "key", "new", "sealer.key"))
    new = ("trust", "new", "jobs.json", "--sealer", "sealer.key.pub")
    identity = ("--writer-identity", f"{WORKFLOW}@{ISSUER}", "--writer-key-hours", "2")
    passed(attest(folder, *new, *identity, "--sigstore", "root.json"))
    shown = passed(attest(folder, "trust", "show", "jobs.json")).decode()
    assert f"writer     any key that a job certifies: {WORKFLOW} by {ISSUER}" in shown
    assert "each for 7200 s from its attestation on" in shown
    assert b"no problems" in passed(attest(folder, "trust", "check", "jobs.json"))
    document = json.loads((folder / "jobs.json").read_bytes())
    assert (document.get("writers", []), document["writerKeySeconds"]) == ([], 7200)
    lonely = attest(folder, "trust", "new", "b.json", "--sealer", "sealer.key.pub", "--writer-key-hours", "2")
    assert lonely.returncode == 2


def test_a_reference_is_sealed_for_some_of_the_identities(bench: Bench) -> None:
    words = ("seal", "site", "--key", "sealer.key", "--allow-site", "*", "-o", "new.ref", "--trust")
    passed(attest(bench.folder, "key", "new", "sealer.key"))
    given = (f"{WORKFLOW}@{ISSUER}", f"{WORKFLOW}.other@{ISSUER}")
    new = ("trust", "new", "jobs.json", "--sealer", "sealer.key.pub", "--writer", "writer.key.pub")
    passed(attest(bench.folder, *new, *[word for each in given for word in ("--writer-identity", each)]))
    passed(attest(bench.folder, *words, "jobs.json", "--writer-identity", given[0]))
    shown = passed(attest(bench.folder, "show", "new.ref")).decode()
    assert WORKFLOW in shown
    assert f"{WORKFLOW}.other" not in shown
    refused = attest(bench.folder, *words, "jobs.json", "--writer-identity", f"{WORKFLOW}.third@{ISSUER}")
    assert refused.returncode == 5
