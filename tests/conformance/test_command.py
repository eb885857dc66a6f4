"""`attest verify` over every real file of the corpus: with identity, source and artifact given, and without."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from attest.cli.door import enter
from tests.corpus import ISSUER, SLSA, needs_corpus, rows

Row = dict[str, Any]

FILES: dict[str, list[Row]] = {}
for _row in rows():
    FILES.setdefault(_row["file"], []).append(_row)

LIES = "bcr/MODULE-wrong-signer.bazel.intoto.jsonl"
"""Signature, log and time hold, and the signer is named; but he claims another's builder and another's source."""


def _ask(file: str, folder: Path, capsys: pytest.CaptureFixture[str], *, identified: bool) -> dict[str, Any]:
    trust = folder / "trust.json"
    if not trust.exists():
        assert enter(("trust", "new", str(trust), "--sigstore", "production")) == 0
    about = FILES[file]
    [source] = {row["source"] for row in about}
    algorithm, digest = next(iter(sorted(about[-1]["artifactDigest"].items(), reverse="npm/" in file)))
    asked = ["verify", str(SLSA / file), "--trust", str(trust), "--format", "json", "--source-uri", source]
    asked += ["--artifact", f"{algorithm}:{digest}"]
    identity = next((row["identity"][0] for row in about if row.get("identity")), "https://nobody.example")
    if identified:
        asked += ["--cert-identity", identity, "--cert-oidc-issuer", ISSUER]
    capsys.readouterr()
    code = enter(asked)
    verdict: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert code == (0 if verdict["verdict"] == "PASSED" else 1)
    return verdict


@needs_corpus
@pytest.mark.parametrize("file", FILES)
def test_a_real_file_passes_exactly_where_it_has_to(file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    good = all(row["verify"] == "pass" for row in FILES[file]) and file != LIES
    verdict = _ask(file, tmp_path, capsys, identified=True)
    bad = {check["id"]: check["status"] for check in verdict["checks"] if check["status"] != "pass"}
    assert verdict["verdict"] == ("PASSED" if good else "FAILED"), bad


@needs_corpus
@pytest.mark.parametrize("file", [name for name, about in FILES.items() if all(r["verify"] == "pass" for r in about)])
def test_a_real_file_of_which_nobody_expects_the_signer_is_unproven(
    file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    verdict = _ask(file, tmp_path, capsys, identified=False)
    found = {check["id"]: check["status"] for check in verdict["checks"]}
    assert (verdict["verdict"], found["authenticity.identity"]) == ("FAILED", "unproven")
    assert "fail" not in found.values()


@needs_corpus
def test_a_signer_who_claims_what_his_certificate_denies_is_found_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    verdict = _ask(LIES, tmp_path, capsys, identified=True)
    failed = {check["id"] for check in verdict["checks"] if check["status"] == "fail"}
    assert "build-link.builder" in failed
    assert verdict["axes"]["authenticity"] == "pass"
