"""VSA and SVR: signed by a verifier, only of what passed, read back by ourselves and by in-toto's own library."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey  # type: ignore[attr-defined]  # re-exported without saying so
from sigstore.dsse import Statement

from attest.codec import instant
from attest.evidence.policy.document import POLICY_SCHEMA
from attest.signing.dsse import encode_envelope, sign_envelope
from attest.trust.making import VerifierKey, write_trust
from tests.commands import Done, attest, failed, passed
from tests.evidence_story import REFERENCE_DIGEST, WHEEL, Story, honest
from tests.world import NOW, RESOURCE, STRANGER, VERIFIER, VERIFIER_ID, WRITER, make_trust_file, write_key_pair

OLD = encode_envelope(sign_envelope(b'{"predicateType":"https://slsa.dev/verification_summary/v1"}', VERIFIER))
"""A result of yesterday."""

ARTIFACT = f"sha256:{WHEEL.sha256}"


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return b"".join(honest(tmp_path_factory.mktemp("log")))


@pytest.fixture
def folder(tmp_path: Path, evidence: bytes) -> Path:
    trust = make_trust_file(verifiers=(VerifierKey(id=VERIFIER_ID, key=VERIFIER.public),))
    (tmp_path / "trust.json").write_bytes(write_trust(trust))
    (tmp_path / "e.jsonl").write_bytes(evidence)
    for name, key in (("verifier", VERIFIER), ("writer", WRITER), ("stranger", STRANGER)):
        write_key_pair(tmp_path, name, key)
    return tmp_path


def _verify(folder: Path, *words: str) -> Done:
    return attest(folder, "verify", *words, "--trust", "trust.json", "--at", instant.text(NOW))


def _emit(folder: Path, *words: str, file: str = "e.jsonl", key: str = "verifier.key") -> Done:
    results = ("--vsa", "out.vsa", "--svr", "out.svr", "--result-key", key, "--result-uri", VERIFIER_ID)
    return _verify(folder, file, *results, *words)


def _statement(path: Path) -> dict[str, Any]:
    """Return the statement, after in-toto's library checked the signature and Sigstore's the statement's form."""
    value = json.loads(path.read_bytes())
    for signature in value["signatures"]:
        signature["sig"] = base64.b64encode(base64.b64decode(signature["sig"])).decode()
    envelope = Envelope.from_dict(value)
    public = VERIFIER.public
    key = SSlibKey.from_crypto(_crypto(path.parent / "verifier.key.pub"), keyid=public.keyid)
    assert envelope.verify([key], 1)
    Statement(envelope.payload)
    return dict(json.loads(envelope.payload))


def _crypto(path: Path) -> Any:
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    return load_pem_public_key(path.read_bytes())


def test_a_summary_names_verifier_policy_inputs_levels_and_the_artifact(folder: Path, evidence: bytes):
    passed(_emit(folder, "--artifact", ARTIFACT, "--resource-uri", RESOURCE))
    statement = _statement(folder / "out.vsa")
    assert statement["predicateType"] == "https://slsa.dev/verification_summary/v1"
    assert [subject["digest"] for subject in statement["subject"]] == [{"sha256": WHEEL.sha256}]
    said = statement["predicate"]
    assert said["verifier"] == {"id": VERIFIER_ID, "version": {"mcp-attest": "0.1.0"}}
    assert (said["timeVerified"], said["resourceUri"]) == (instant.text(NOW), RESOURCE)
    assert said["policy"]["digest"] == {"sha256": hashlib.sha256((folder / "trust.json").read_bytes()).hexdigest()}
    assert said["verificationResult"] == "PASSED"
    assert said["verifiedLevels"] == [
        "SLSA_BUILD_LEVEL_2",
        "MCP_ATTEST_RUNTIME_ADOPTED",
        "MCP_ATTEST_ISOLATION_OTHER_UID",
    ]
    assert said["slsaVersion"] == "1.0"
    inputs = {each["uri"]: each["digest"]["sha256"] for each in said["inputAttestations"]}
    assert inputs.pop("e.jsonl") == hashlib.sha256(evidence).hexdigest()
    pieces = [json.loads(line)["digest"] for line in evidence.splitlines() if b'"build-evidence"' in line]
    assert sorted(inputs.values()) == sorted(pieces)


def test_a_result_lists_what_passed_and_nothing_that_is_only_asserted(folder: Path):
    verdict = json.loads(passed(_emit(folder, "--artifact", ARTIFACT, "--format", "json")))
    statement = _statement(folder / "out.svr")
    assert statement["predicateType"] == "https://in-toto.io/attestation/svr/v0.2"
    said = statement["predicate"]
    assert said["verifier"]["id"] == VERIFIER_ID
    assert [each["digest"]["sha256"] for each in said["verifier"]["policies"]] == [verdict["trust"]["sha256"]]
    spelled = {check["id"].upper().replace(".", "_").replace("-", "_"): check for check in verdict["checks"]}
    for name, check in spelled.items():
        assert (f"MCP_ATTEST_{name}" in said["properties"]) is (check["status"] == "pass")
    assert "MCP_ATTEST_CONFORMANCE" in said["properties"]
    assert "MCP_ATTEST_BUILD_LINK" not in said["properties"]


def test_a_gate_policy_is_named_beside_the_trust_file_and_is_the_policy_of_a_summary(folder: Path):
    text = 'schema = "https://mcp-attest.github.io/schemas/policy/v0.1"\n[measured]\nmin-cycles = 1\n'
    (folder / "policy.toml").write_text(text)
    passed(_emit(folder, "--artifact", ARTIFACT, "--policy", "policy.toml"))
    gate = {"sha256": hashlib.sha256(text.encode()).hexdigest()}
    trust = {"sha256": hashlib.sha256((folder / "trust.json").read_bytes()).hexdigest()}
    policy = _statement(folder / "out.vsa")["predicate"]["policy"]
    assert policy["digest"] == gate
    assert policy["annotations"]["trustFile"]["digest"] == trust
    said = _statement(folder / "out.svr")["predicate"]
    assert [each["digest"] for each in said["verifier"]["policies"]] == [trust, gate]
    assert {"MCP_ATTEST_POLICY", "MCP_ATTEST_POLICY_MEASURED"} <= set(said["properties"])


def test_we_accept_our_own_summary(folder: Path):
    passed(_emit(folder, "--artifact", ARTIFACT, "--resource-uri", RESOURCE))
    again = ("out.vsa", "--artifact", ARTIFACT, "--resource-uri", RESOURCE, "--min-slsa-level", "2")
    passed(_verify(folder, *again))
    other = ("out.vsa", "--format", "json", "--artifact", f"sha256:{'0' * 64}", "--resource-uri", RESOURCE)
    assert "build-link.artifact" in failed(_verify(folder, *other))


def test_we_accept_our_own_result(folder: Path):
    passed(_emit(folder, "--artifact", ARTIFACT))
    passed(_verify(folder, "out.svr", "--artifact", ARTIFACT, "--min-slsa-level", "2"))
    other = ("out.svr", "--format", "json", "--artifact", f"sha256:{'0' * 64}")
    assert "build-link.artifact" in failed(_verify(folder, *other))


def test_no_summary_is_made_of_what_has_no_level_of_its_own(folder: Path):
    passed(_emit(folder, "--artifact", ARTIFACT, "--resource-uri", RESOURCE))
    (folder / "out.vsa").rename(folder / "first.vsa")
    # Another verifier's summary: his level is his word.
    done = _emit(folder, "--artifact", ARTIFACT, "--resource-uri", RESOURCE, file="first.vsa")
    assert done.returncode == 5
    assert not (folder / "out.vsa").exists()


def test_a_result_about_more_than_what_was_built_claims_no_build_level(folder: Path):
    passed(_emit(folder, "--reference", f"sha256:{REFERENCE_DIGEST}"))
    statement = _statement(folder / "out.vsa")
    assert {subject["name"] for subject in statement["subject"]} > {"manifest"}
    levels = statement["predicate"]["verifiedLevels"]
    assert levels == ["MCP_ATTEST_RUNTIME_ADOPTED", "MCP_ATTEST_ISOLATION_OTHER_UID"]
    assert "slsaVersion" not in statement["predicate"]


def test_a_failed_verdict_leaves_no_result_and_removes_an_old_one(folder: Path, tmp_path: Path):
    for name in ("out.vsa", "out.svr"):
        (folder / name).write_bytes(OLD)
    with Story(tmp_path / "drift") as story:
        story.start().measure()
        story.act(story.violate())
        (folder / "e.jsonl").write_bytes(b"".join(story.stop().export()))
    assert _emit(folder, "--artifact", ARTIFACT).returncode == 1
    assert not (folder / "out.vsa").exists()
    assert not (folder / "out.svr").exists()


def test_one_failed_file_of_several_is_enough_for_no_result(folder: Path, evidence: bytes):
    (folder / "cut.jsonl").write_bytes(evidence[:-100])
    assert _emit(folder, "cut.jsonl", "--artifact", ARTIFACT).returncode == 1
    assert not (folder / "out.vsa").exists()


def test_an_error_leaves_no_old_result_either(folder: Path):
    (folder / "out.vsa").write_bytes(OLD)
    (folder / "trust.json").write_text("{}")
    assert _emit(folder, "--artifact", ARTIFACT).returncode == 3
    assert not (folder / "out.vsa").exists()


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress], ids=["gzip", "zstd"])
def test_a_packed_file_is_named_by_the_bytes_that_were_handed_over(
    folder: Path, evidence: bytes, pack: Callable[[bytes], bytes]
):
    (folder / "e.packed").write_bytes(pack(evidence))
    passed(_emit(folder, "--artifact", ARTIFACT, file="e.packed"))
    first = _statement(folder / "out.vsa")["predicate"]["inputAttestations"][0]
    expected = hashlib.sha256((folder / "e.packed").read_bytes()).hexdigest()
    assert first == {"uri": "e.packed", "digest": {"sha256": expected}}


def test_standard_input_is_named_by_its_bytes_too(folder: Path, evidence: bytes):
    words = ("verify", "-", "--trust", "trust.json", "--at", instant.text(NOW), "--artifact", ARTIFACT)
    passed(attest(folder, *words, "--vsa", "out.vsa", "--result-key", "verifier.key", stdin=evidence))
    first = _statement(folder / "out.vsa")["predicate"]["inputAttestations"][0]
    assert first == {"uri": "-", "digest": {"sha256": hashlib.sha256(evidence).hexdigest()}}


def test_no_key_has_two_roles(folder: Path):
    assert _emit(folder, "--artifact", ARTIFACT, key="writer.key").returncode == 5
    assert not (folder / "out.vsa").exists()
    passed(_emit(folder, "--artifact", ARTIFACT, key="stranger.key"))


@pytest.mark.parametrize(
    "words",
    [
        ("--vsa", "out.vsa"),
        ("--vsa", "-", "--result-key", "verifier.key"),
        ("--vsa", "out.vsa", "--result-key", "verifier.key", "--result-uri", "the gate"),
        ("--vsa", "out.vsa", "--result-key", "verifier.key", "--resource-uri", "a\nb"),
        ("--result-key", "verifier.key"),
        ("--vsa", "a", "--svr", "a", "--result-key", "verifier.key"),
        ("--vsa", "e.jsonl", "--result-key", "verifier.key"),
        ("--vsa", "verifier.key", "--result-key", "verifier.key"),
        ("--vsa", "trust.json", "--result-key", "verifier.key"),
        ("--vsa", "a", "--save", "json=a", "--result-key", "verifier.key"),
        ("--vsa", "a", "-o", "a", "--result-key", "verifier.key"),
        ("--vsa", "server.whl", "--artifact", "server.whl", "--result-key", "verifier.key"),
    ],
)
def test_a_result_never_takes_the_place_of_another_file_of_the_call(folder: Path, words: tuple[str, ...]):
    (folder / "server.whl").write_bytes(b"wheel")
    before = {each.name: each.read_bytes() for each in folder.iterdir()}
    assert _verify(folder, "e.jsonl", *words).returncode == 2
    assert {each.name: each.read_bytes() for each in folder.iterdir()} == before


def test_a_summary_names_the_gate_policy_and_beside_it_the_trust_file(folder: Path) -> None:
    policy = f'schema = "{POLICY_SCHEMA}"\n[measured]\nmin-cycles = 2\n'.encode()
    (folder / "p.toml").write_bytes(policy)
    passed(_emit(folder, "--artifact", ARTIFACT, "--policy", "p.toml"))
    found = _statement(folder / "out.vsa")["predicate"]["policy"]
    assert found["digest"] == {"sha256": hashlib.sha256(policy).hexdigest()}
    assert found["uri"].endswith("/policies/gate-policy")
    assert found["annotations"]["trustFile"]["uri"].endswith("/policies/trust-file")


def test_no_summary_is_written_of_what_a_policy_keeps_back_nor_where_the_policy_cannot_be_read(folder: Path) -> None:
    for text in ("[measured]\nmin-cycles = 99\n", "[measured]\nmin-cycle = 2\n"):
        (folder / "out.vsa").write_bytes(OLD)
        (folder / "p.toml").write_text(f'schema = "{POLICY_SCHEMA}"\n{text}')
        assert _emit(folder, "--artifact", ARTIFACT, "--policy", "p.toml").returncode in {1, 3}
        assert not (folder / "out.vsa").exists()
