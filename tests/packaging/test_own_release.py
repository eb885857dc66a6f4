"""Attest gates attest: our own wheel, sealed with its own evidence, judges something under its own watch."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from scripts import own_gate, release
from scripts.own_gate import Gate
from tests.ci.machine import Machine, Step, default_run, run_composite
from tests.commands import Done, attest, failed, passed
from tests.world import (
    BUILDER,
    BUILDER_ID,
    SEALER,
    SOURCE,
    WRITER,
    make_attestation,
    make_provenance,
    subject_of,
    write_key_pair,
)

pytestmark = [pytest.mark.gates, pytest.mark.network, pytest.mark.slow]

NONCE: Final = "5eed" * 8
RUN: Final = default_run()
CONTEXT: Final = {"repository": "repository", "commit": "sha", "run": "run_id", "attempt": "run_attempt"}
"""What our action compares; the workflow says the same."""
ORIGIN: Final = ("--source-uri", SOURCE, "--builder-id", BUILDER_ID, "--min-slsa-level", "2")


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Gate:
    """The release job, as far as the sealed reference; a builder of these tests stands where GitHub stands."""
    place = tmp_path_factory.mktemp("release")
    for name in ("dist", "evidence", "work"):
        (place / name).mkdir()
    wheel, _, sbom = release.write(place / "dist")
    about = [subject_of(wheel)]
    (place / "evidence/provenance.json").write_bytes(make_provenance(about))
    attested = make_attestation("https://cyclonedx.org/bom", json.loads(sbom.read_bytes()), about)
    (place / "evidence/sbom.json").write_bytes(attested)
    for name, key in (("sealer", SEALER), ("writer", WRITER), ("builder", BUILDER)):
        write_key_pair(place, name, key)
    trust = ("trust", "new", "trust.json", "--sealer", "sealer.key.pub", "--writer", "writer.key.pub")
    built = ("--builder", f"{BUILDER_ID}=builder.key.pub@2", "--source", SOURCE)
    passed(attest(place, *trust, *built, "--min-assurance", "listed", "--min-binding", "launched", "--require-claimed"))
    made = Gate(
        work=place / "work",
        wheel=wheel,
        evidence=place / "evidence",
        trust=place / "trust.json",
        sealer_key=place / "sealer.key",
        writer_key=place / "writer.key",
        nonce=NONCE,
        context=tuple(f"{name}={RUN[key]}" for name, key in CONTEXT.items()),
    )
    for step in (own_gate.install, own_gate.prepare, own_gate.seal):
        step(made)
    return made


@pytest.fixture(scope="module")
def honest(gate: Gate) -> Path:
    """The evidence of a run that nobody disturbed."""
    assert own_gate.watch(gate) == 0
    return (gate.work / "own.jsonl").rename(gate.work / "honest.jsonl")


def judge(gate: Gate, evidence: str, *more: str) -> Done:
    verb, _, *words = own_gate.judged_by(gate)
    return attest(gate.work, verb, evidence, *words, *ORIGIN, "--format", "json", *more)


def test_our_own_gate_judges_under_its_own_watch_and_the_release_passes(gate: Gate, honest: Path) -> None:
    verdict = json.loads(passed(judge(gate, honest.name)))
    assert verdict["binding"] == "launched"
    assert verdict["assurance"]["site"] == verdict["assurance"]["locked"] == 0
    assert verdict["assurance"]["built"] > 0.2


def acted(gate: Gate, evidence: str, folder: Path) -> Step:
    """Judge by our own action for GitHub, as the workflow does."""
    machine = Machine(folder=folder, installed=Path(sys.executable))
    files = {"own.jsonl": gate.work / evidence, "own.ref": gate.work / "own.ref", "trust.json": gate.trust}
    for name, source in {**files, "policy.toml": own_gate.POLICY, gate.wheel.name: gate.wheel}.items():
        shutil.copy(source, machine.workspace / name)
    pinned = {
        f"{name}-sha256": hashlib.sha256(source.read_bytes()).hexdigest()
        for name, source in (("trust", gate.trust), ("policy", own_gate.POLICY))
    }
    given = {"evidence": "own.jsonl", "reference": "own.ref", "artifact": "*.whl", "trust": "trust.json"}
    return run_composite(machine, release.ROOT / "ci/github/verify", {**given, "policy": "policy.toml", **pinned})


def test_our_own_action_says_the_same(gate: Gate, honest: Path, tmp_path: Path) -> None:
    step = acted(gate, honest.name, tmp_path)
    assert (step.conclusion, step.outputs["verdict"]) == ("success", "PASSED"), step.printed


def test_the_workflow_tells_the_run_what_our_action_compares() -> None:
    text = (release.ROOT / ".github/workflows/release.yml").read_text()
    told = dict(re.findall(r'--context "(\w+)=\$(\w+)"', text))
    assert set(told) == set(CONTEXT)
    for name, variable in told.items():
        assert f"{variable}: ${{{{ github.{CONTEXT[name]} }}}}" in text


def test_what_the_policy_of_our_releases_demands_is_not_there_by_chance(gate: Gate, honest: Path) -> None:
    stricter = gate.work / "stricter.toml"
    stricter.write_text(own_gate.POLICY.read_text().replace("min-slsa-level = 2", "min-slsa-level = 3"))
    verb, _, *words = own_gate.judged_by(gate)
    words[words.index("--policy") + 1] = str(stricter)
    found = failed(attest(gate.work, verb, honest.name, *words, "--format", "json"))
    assert found == {"policy.build"}


def test_another_wheel_does_not_pass_with_that_evidence(gate: Gate, honest: Path) -> None:
    other = gate.work / "other.whl"
    other.write_bytes(gate.wheel.read_bytes() + b"\0")
    assert "build-link.artifact" in failed(judge(replace(gate, wheel=other), honest.name))


def test_evidence_of_another_run_does_not_pass(gate: Gate, honest: Path) -> None:
    assert failed(judge(replace(gate, nonce="0" * 32), honest.name))


def test_a_gate_that_was_changed_after_the_build_is_not_started_and_closes_the_release(
    gate: Gate, honest: Path, tmp_path: Path
) -> None:
    (module,) = gate.work.glob("venv/lib/python3*/site-packages/attest/evidence/verify/sheet.py")
    module.write_text(module.read_text().replace("fail", "pass"))
    assert own_gate.watch(gate) == 1
    assert "conformance.matched" in failed(judge(gate, "own.jsonl"))
    step = acted(gate, "own.jsonl", tmp_path)
    assert (step.conclusion, step.outputs["verdict"]) == ("failure", "FAILED")
    assert any("conformance.matched" in each.properties.get("title", "") for each in step.annotations), step.annotations
