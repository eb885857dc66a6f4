"""From a Sigstore bundle to a sealed server and back: who signed has to be expected at every step."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from attest.codec.octets import from_base64
from attest.provenance.certificate import GITHUB_ISSUER
from tests import sigstore_world
from tests.build_files import REPOSITORY, WORKFLOW, attested, github_leaf, provenance, pypi_file, statement
from tests.commands import Done, attest, failed, passed
from tests.installed import make_bench
from tests.world import SEALER, WRITER, make_bom, make_component, subject_of, write_key_pair

NAMED = ("--builder-identity", f"{WORKFLOW}@{GITHUB_ISSUER}@2", "--source", REPOSITORY)
IDENTITY = ("--cert-identity", WORKFLOW, "--cert-oidc-issuer", GITHUB_ISSUER)
SOURCE = ("--source-uri", REPOSITORY)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a wheel, installed, its evidence as GitHub would make it, and two trust files."""
    place = tmp_path_factory.mktemp("evidence")
    bench = make_bench(place)
    for name, key in (("sealer", SEALER), ("writer", WRITER)):
        write_key_pair(place, name, key)
    (place / "root.json").write_text(json.dumps(sigstore_world.root_document()))
    about = [subject_of(bench.wheel)]
    signed = attested(statement(provenance(), subjects=about))
    (place / "built.sigstore.json").write_bytes(signed)
    bom = make_bom([make_component("tiny-server", "1.0", bench.wheel.read_bytes())])
    listed = attested(statement(bom, "https://cyclonedx.org/bom", about))
    (place / "built.intoto.jsonl").write_bytes(signed + b"\nnoise\n" + listed + b"\n")
    new = ["trust", "new", "--sealer", "sealer.key.pub", "--writer", "writer.key.pub", "--sigstore", "root.json"]
    passed(attest(place, *new, "trust.json", *NAMED))
    passed(attest(place, *new, "nobody.json"))
    return place


def seal(place: Path, *words: str, trust: str = "trust.json", out: str = "server.ref") -> Done:
    (wheel,) = place.glob("*.whl")
    asked = ["--trust", trust, "--key", "sealer.key", "-o", out, "--artifact", wheel.name]
    return attest(place, "seal", "site", *asked, "--provenance", *(words or ("built.sigstore.json",)))


def evidence_of(place: Path, reference: str = "server.ref") -> list[dict[str, Any]]:
    envelope = json.loads((place / reference).read_bytes())
    payload = json.loads(from_base64(envelope["payload"], where=reference))
    rows: list[dict[str, Any]] = payload["predicate"]["evidence"]
    return rows


def test_a_bundle_whose_signer_nobody_expects_is_not_sealed_and_the_flag_is_told(folder: Path) -> None:
    done = seal(folder, trust="nobody.json", out="refused.ref")
    assert done.returncode == 5
    told = done.stderr.decode()
    assert f"attest trust new --builder-identity {WORKFLOW}@{GITHUB_ISSUER}" in told
    assert " ".join(IDENTITY) in told
    assert not (folder / "refused.ref").exists()


def test_a_source_that_nobody_expects_is_not_sealed_and_the_flag_is_told(folder: Path) -> None:
    done = seal(folder, "built.sigstore.json", *IDENTITY, trust="nobody.json", out="refused.ref")
    assert done.returncode == 5
    assert f"--source-uri {REPOSITORY}" in done.stderr.decode()
    passed(seal(folder, "built.sigstore.json", *IDENTITY, *SOURCE, trust="nobody.json", out="flags.ref"))


def test_a_sealed_bundle_is_verified_again_from_its_own_bytes(folder: Path) -> None:
    passed(seal(folder))
    [row] = evidence_of(folder)
    assert row["identity"] == {"identity": WORKFLOW, "issuer": GITHUB_ISSUER}
    assert (row["builder"], row["source"], row["slsaLevel"], row["signers"]) == (WORKFLOW, REPOSITORY, 2, [])
    agent = ["agent", "server.ref", "--trust", "trust.json", "--key", "writer.key", "--log", "log", "--once"]
    passed(attest(folder, *agent))
    passed(attest(folder, "bundle", "log", "-o", "evidence.jsonl"))
    verify = ["verify", "evidence.jsonl", "--reference", "server.ref", "--format", "json"]
    verdict = json.loads(passed(attest(folder, *verify, "--trust", "trust.json")))
    assert verdict["assurance"]["built"] > 0.5
    assert "build-link.evidence" in failed(attest(folder, *verify, "--trust", "nobody.json"))


def test_lines_are_sealed_as_pieces_of_their_own(folder: Path) -> None:
    passed(seal(folder, "built.intoto.jsonl", out="lines.ref"))
    assert {row["format"] for row in evidence_of(folder, "lines.ref")} == {"slsa-dsse", "cyclonedx-dsse"}


def test_an_attestation_reads_in_ten_seconds(folder: Path) -> None:
    (wheel,) = folder.glob("*.whl")
    asked = ["verify", "built.sigstore.json", "--trust", "trust.json", "--artifact", wheel.name]
    lines = passed(attest(folder, *asked)).decode().splitlines()
    assert lines[0].startswith("PASSED")
    told = "\n".join(lines[:10])
    for word in ("https://slsa.dev/provenance/v1", WORKFLOW, GITHUB_ISSUER, REPOSITORY, "level 2", wheel.name):
        assert word in told
    unexpected = attest(folder, *asked[:3], "nobody.json", *asked[4:], "--format", "json")
    assert "authenticity.identity" in failed(unexpected)


@pytest.mark.parametrize("name", ["built.sigstore.json", "built.intoto.jsonl", "pypi.json"])
def test_evidence_is_shown_as_not_verified(folder: Path, name: str) -> None:
    (folder / "pypi.json").write_bytes(pypi_file())
    shown = passed(attest(folder, "show", name)).decode()
    assert shown.startswith("NOT VERIFIED")
    assert "predicateType" in shown


def test_half_an_identity_is_a_usage_error(folder: Path) -> None:
    asked = ["verify", "built.sigstore.json", "--trust", "trust.json"]
    assert attest(folder, *asked, *IDENTITY[:2]).returncode == 2
    assert attest(folder, *asked, "--source-digest", "sha256:00").returncode == 2
    assert attest(folder, *asked, "--public-key", "absent.pub").returncode == 6


def test_a_certificate_that_died_long_ago_is_judged_at_its_signing_time(folder: Path) -> None:
    (wheel,) = folder.glob("*.whl")
    asked = ["verify", "built.sigstore.json", "--trust", "trust.json", "--artifact", wheel.name]
    passed(attest(folder, *asked, "--at", "2040-01-01T00:00:00Z"))
    expired = attested(
        statement(provenance(), subjects=[subject_of(folder / wheel.name)]),
        leaf=github_leaf(start=sigstore_world.SIGNED.replace(hour=1)),
    )
    (folder / "expired.json").write_bytes(expired)
    checks = failed(attest(folder, "verify", "expired.json", *asked[2:], "--format", "json"))
    assert "authenticity.certificate" in checks
