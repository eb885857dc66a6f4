"""Evidence for a gate: a small tree sealed and measured once, for a commit and a workflow run."""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.ci.machine import COMMIT, ROOT, Machine, Step, default_run, run_composite
from tests.ci.messages import Annotation
from tests.commands import attest, passed
from tests.installed import make_bench
from tests.world import BUILDER, BUILDER_ID, SEALER, SOURCE, WRITER, write_key_pair

VERIFY = ROOT / "ci/github/verify"
FILES = ("trust.json", "server.ref", "evidence.jsonl")


def make_evidence(place: Path) -> Path:
    """Seal a tree, measure it for the default run, and export; return the folder."""
    bench = make_bench(place)
    for name, key in (("sealer", SEALER), ("writer", WRITER), ("builder", BUILDER)):
        write_key_pair(place, name, key)
    trust = ["trust", "new", "trust.json", "--sealer", "sealer.key.pub", "--writer", "writer.key.pub"]
    passed(attest(place, *trust, "--builder", f"{BUILDER_ID}=builder.key.pub@2", "--source", SOURCE))
    seal = ["seal", "site", "--trust", "trust.json", "--key", "sealer.key", "-o", "server.ref"]
    passed(attest(place, *seal, "--artifact", bench.wheel.name, "--provenance", bench.provenance.name))
    run = default_run()
    measure(place, "evidence.jsonl", run=recorded(run))
    return place


def recorded(run: Mapping[str, str]) -> dict[str, str]:
    """Return what the action run has recorded of a workflow run."""
    of = {"repository": "repository", "commit": "sha", "run": "run_id", "attempt": "run_attempt"}
    return {name: run[key] for name, key in of.items()}


def measure(place: Path, name: str, *, run: Mapping[str, str]) -> None:
    """Measure once and export, as a job of that run would."""
    words = [word for key, value in run.items() for word in ("--context", f"{key}={value}")]
    log = f"log-{name}"
    passed(
        attest(
            place, "agent", "server.ref", "--trust", "trust.json", "--key", "writer.key", "--log", log, "--once", *words
        )
    )
    passed(attest(place, "bundle", log, "-o", name))


def make_machine(folder: Path, evidence: Path, **more: object) -> Machine:
    """Return a machine whose workspace holds the evidence, and the wheel that it is about."""
    machine = Machine(folder=folder, installed=Path(sys.executable), **more)  # type: ignore[arg-type]
    for name in FILES:
        shutil.copy(evidence / name, machine.workspace)
    for wheel in evidence.glob("*.whl"):
        shutil.copy(wheel, machine.workspace)
    return machine


def gate(machine: Machine, **inputs: str) -> Step:
    """Run the action `verify` with inputs that pass, but for those given; `_` stands for `-`."""
    trust = machine.workspace / "trust.json"
    given = {
        "evidence": "evidence.jsonl",
        "trust": "trust.json",
        "trust-sha256": hashlib.sha256(trust.read_bytes()).hexdigest(),
        "reference": "server.ref",
        "artifact": "*.whl",
    }
    given.update({name.replace("_", "-"): value for name, value in inputs.items()})
    return run_composite(machine, VERIFY, given)


def failed_checks(annotations: Iterable[Annotation]) -> set[str]:
    """Return the checks that errors on the pull request name in their titles."""
    titles = [each.properties.get("title", "") for each in annotations if each.kind == "error"]
    return {title.removeprefix("attest verify: ") for title in titles if title.startswith("attest verify: ")}


__all__ = ["COMMIT", "gate", "make_evidence", "make_machine", "measure"]
