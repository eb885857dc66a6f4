"""The example repository of `ci/examples/github`, to be released by its own workflow on machines that are played."""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.ci.machine import ROOT, Machine
from tests.ci.played import PLAYED
from tests.ci.workflows import WorkflowRun
from tests.commands import attest, passed
from tests.world import BUILDER, BUILDER_ID, SEALER, SOURCE, WRITER, write_key_pair

EXAMPLE = ROOT / "ci/examples/github"


def make_run(folder: Path, between: Mapping[str, Callable[[Machine], None]] | None = None) -> WorkflowRun:
    """Return a run of the example, with a trust file of keys that the test holds."""
    repository = folder / "repository"
    shutil.copytree(EXAMPLE, repository)
    workflow = repository / ".github/workflows/release.yml"
    # No user is made on the machine that runs the tests.
    workflow.write_text(workflow.read_text().replace("      client: ", "      user: nobody\n      client: "))
    for name, key in (("sealer", SEALER), ("writer", WRITER), ("builder", BUILDER)):
        write_key_pair(folder, name, key)
    trust = ["trust", "new", "repository/attest/trust.json", "--sealer", "sealer.key.pub", "--writer", "writer.key.pub"]
    passed(attest(folder, *trust, "--builder", f"{BUILDER_ID}=builder.key.pub@2", "--source", SOURCE))
    store: dict[str, Path] = {}

    def make_machine(place: Path) -> Machine:
        return Machine(folder=place, installed=Path(sys.executable), played=PLAYED, store=store)

    digest = hashlib.sha256((repository / "attest/trust.json").read_bytes()).hexdigest()
    return WorkflowRun(
        repository=repository,
        make_machine=make_machine,
        folder=folder / "machines",
        secrets={
            "ATTEST_SEALER_KEY": (folder / "sealer.key").read_text(),
            "ATTEST_WRITER_KEY": (folder / "writer.key").read_text(),
        },
        variables={"ATTEST_TRUST_SHA256": digest},
        between=between or {},
    )


def release(run: WorkflowRun) -> str:
    """Run the example's workflow, and return its result; what was printed is there if a test fails."""
    result = run.run(run.repository / ".github/workflows/release.yml")
    for name, job in run.jobs.items():
        print(f"== {name}: {job.result}")
        for step in job.steps:
            print(f"-- {step.name}: {step.outcome}\n{step.printed[-4000:]}")
    return result
