"""Every case of the conformance suite and every real SLSA bundle answers as expected, also without any network."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from attest.errors import AttestError
from attest.provenance.sigstore.production import load_production
from attest.provenance.sigstore.verified import CertificateSigner, SignedPayload
from attest.provenance.sigstore.verify import verify_bundle
from tests.conformance.client import main
from tests.corpus import CORPUS, IDENTITY, ISSUER, Case, cases, document, needs_corpus, rows

pytestmark = needs_corpus

ROOT = Path(__file__).resolve().parents[2]

REASONS = {
    "bundle-empty-certificate-chain_fail": "integrity.grammar",
    "bundle-invalid-base64-signature_fail": "integrity.base64",
    "bundle-negative-log-index_fail": "integrity.grammar",
    "bundle-with-root-cert_fail": "authenticity.certificate",
    "checkpoint-bad-keyhint_fail": "authenticity.log",
    "dsse-invalid-sig_fail": "authenticity.signature",
    "dsse-mismatch-sig_fail": "authenticity.log-entry",
    "inclusion-proof-corrupted-hash_fail": "authenticity.log",
    "integrated-time-in-future_fail": "authenticity.certificate",
    "intoto-log-entry-mismatch_fail": "authenticity.log-entry",
    "intoto-set-outside-signing-cert-validity_fail": "authenticity.certificate",
    "invalid-ct-key_fail": "authenticity.sct",
    "managed-key-no-key_fail": "authenticity.key",
    "message-digest-mismatch_fail": "authenticity.signature",
    "rekor2-checkpoint-missing-log-signature_fail": "authenticity.log",
    "rekor2-checkpoint-missing-root-hash_fail": "authenticity.log",
    "rekor2-dsse-invalid-sig_fail": "authenticity.signature",
    "rekor2-dsse-mismatch-sig_fail": "authenticity.log-entry",
    "rekor2-no-inclusion-proof_fail": "authenticity.log",
    "rekor2-timestamp-outside-trust-root-tsa-validity_fail": "authenticity.time",
    "rekor2-timestamp-payload-mismatch_fail": "authenticity.time",
    "rekor2-timestamp-untrusted-tsa-without-embedded-cert_fail": "authenticity.time",
    "signature-mismatch_fail": "authenticity.signature",
    "wrong-hashedrekord-artifact_fail": "authenticity.log-entry",
    "wrong-hashedrekord-entry_fail": "authenticity.log-entry",
}
"""A refusal for another reason than the planted one would hide that the planted one is not found."""

KINDS_OF_FAULT = {
    "DSSE signature": {"authenticity.signature"},
    "SET": {"authenticity.log", "integrity.base64"},
    "cert time": {"authenticity.certificate"},
}


def arguments(case: Case) -> list[str]:
    given = ["verify-bundle", "--bundle", str(case.bundle)]
    given += ["--certificate-identity", case.text("identity", IDENTITY)]
    given += ["--certificate-oidc-issuer", case.text("issuer", ISSUER)]
    for flag, name in (("--trusted-root", "trusted_root.json"), ("--key", "key.pub")):
        path = case.optional(name)
        given += [] if path is None else [flag, str(path)]
    return [*given, str(case.artifact)]


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.folder.name)
def test_a_case_of_the_suite_answers_as_expected(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    answered = main(arguments(case))
    assert answered == (0 if case.passes else 1)
    assert capsys.readouterr().err.partition(":")[0] == ("" if case.passes else REASONS[case.folder.name])


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row['file']}-{row['attestation_index']}")
def test_a_real_bundle_answers_as_expected(row: dict[str, Any]) -> None:
    if row["verify"] == "fail":
        with pytest.raises(AttestError) as caught:
            verify_bundle(document(row), load_production(), where="bundle")
        assert caught.value.check in KINDS_OF_FAULT[row["reason"]]
        return
    verified = verify_bundle(document(row), load_production(), where="bundle")
    assert isinstance(verified.content, SignedPayload)
    assert row["predicateType"].encode() in verified.content.payload
    assert {f"{entry.kind}/{entry.version}" for entry in verified.entries} == {row["entry"]}
    signer = verified.signer
    if isinstance(signer, CertificateSigner):
        assert [signer.identity.name] == row["identity"]
        assert signer.identity.issuer == ISSUER
    else:
        assert row["identity"] is None


def test_the_corpus_is_all_there() -> None:
    assert len(cases()) == 35
    assert len(rows()) == 31


@pytest.mark.skipif(shutil.which("unshare") is None, reason="needs unshare (util-linux)")
def test_no_network_and_no_home_are_needed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o555)
    apart = ["unshare", "--user", "--map-root-user", "--net"]
    if subprocess.run([*apart, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine does not let an ordinary user make a network namespace")
    environment = {**os.environ, "HOME": str(home), "ATTEST_CORPUS": str(CORPUS)}
    argv = [*apart, sys.executable, "-m", "tests.conformance.offline"]
    found = subprocess.run(argv, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout) == (0, "35 cases, 31 bundles\n"), found.stderr
    assert not list(home.iterdir())
