"""Real build evidence through the command line: who signed what, from where; and nothing without an identity."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from attest.cli.door import enter
from tests.corpus import ISSUER, SLSA, needs_corpus, rows
from tests.world import SEALER, WRITER, write_key_pair

pytestmark = needs_corpus

CLAIMS_ANOTHER_BUILDER = "bcr/MODULE-wrong-signer.bazel.intoto.jsonl"
"""Genuinely signed and logged, by a workflow that copied the provenance of another builder: the signature holds, and
what it says is refused (SLSA, "Verifying artifacts", step 3)."""

FILES = {str(row["file"]): [each for each in rows() if each["file"] == row["file"]] for row in rows()}


@pytest.fixture
def trust(tmp_path: Path) -> Path:
    for name, key in (("sealer", SEALER), ("writer", WRITER)):
        write_key_pair(tmp_path, name, key)
    path = tmp_path / "trust.json"
    keys = ["--sealer", str(tmp_path / "sealer.key.pub"), "--writer", str(tmp_path / "writer.key.pub")]
    assert enter(["trust", "new", str(path), *keys, "--sigstore", "production"]) == 0
    return path


def verify(
    capsys: pytest.CaptureFixture[str], trust: Path, file: str, words: Sequence[str]
) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    code = enter(["verify", str(SLSA / file), "--trust", str(trust), "--format", "json", *words])
    return code, json.loads(capsys.readouterr().out)


def about(each: Sequence[dict[str, Any]]) -> list[str]:
    """The flags that say which artifact and which source to expect; npm names tarballs by their SHA-512."""
    digests = each[0]["artifactDigest"]
    algorithm = "sha512" if each[0]["file"].startswith("npm/") else "sha256"
    return ["--artifact", f"{algorithm}:{digests[algorithm]}", "--source-uri", each[0]["source"]]


def by_whom(each: Sequence[dict[str, Any]]) -> list[str]:
    identities = [identity for row in each for identity in row.get("identity") or []]
    return ["--cert-identity", identities[0], "--cert-oidc-issuer", ISSUER] if identities else []


@pytest.mark.parametrize("file", FILES)
def test_a_real_file_passes_exactly_where_each_of_its_attestations_does(
    file: str, trust: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    each = FILES[file]
    code, verdict = verify(capsys, trust, file, [*about(each), *by_whom(each)])
    genuine = all(row["verify"] == "pass" for row in each)
    if file == CLAIMS_ANOTHER_BUILDER:
        assert verdict["axes"]["authenticity"] == "pass"
        assert {check["id"] for check in verdict["checks"] if check["status"] == "fail"} >= {"build-link.builder"}
        genuine = False
    assert (verdict["verdict"], code) == (("PASSED", 0) if genuine else ("FAILED", 1))


@pytest.mark.parametrize("file", [file for file, each in FILES.items() if all(row["verify"] == "pass" for row in each)])
def test_a_genuine_certificate_of_nobody_in_particular_is_unproven(
    file: str, trust: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, verdict = verify(capsys, trust, file, about(FILES[file]))
    assert code == 1
    [identity] = [check for check in verdict["checks"] if check["id"] == "authenticity.identity"]
    assert identity["status"] == "unproven"
    assert "--cert-identity" in identity["detail"]
    assert "--cert-oidc-issuer" in identity["detail"]
