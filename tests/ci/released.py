"""The example repository of `ci/examples/github`, to be released by its own workflow on machines that are played."""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from attest.trust.document import TrustedIdentity
from attest.trust.making import write_trust
from tests import certified
from tests.ci.machine import ROOT, Machine
from tests.ci.played import PLAYED, WRITERS
from tests.ci.workflows import WorkflowRun
from tests.world import SEALER, write_key_pair

EXAMPLE = ROOT / "ci/examples/github"
WRITER_IDENTITY = TrustedIdentity(identity=WRITERS, issuer=certified.ISSUER)


def make_run(folder: Path, between: Mapping[str, Callable[[Machine], None]] | None = None) -> WorkflowRun:
    """Return a run of the example, with a trust file of keys that the test holds."""
    repository = folder / "repository"
    shutil.copytree(EXAMPLE, repository)
    workflow = repository / ".github/workflows/release.yml"
    # No user is made on the machine that runs the tests.
    workflow.write_text(workflow.read_text().replace("      client: ", "      user: nobody\n      client: "))
    write_key_pair(folder, "sealer", SEALER)
    trust = repository / "attest/trust.json"
    trust.write_bytes(write_trust(certified.trust_file(writer_identities=[WRITER_IDENTITY])))
    store: dict[str, Path] = {}

    def make_machine(place: Path) -> Machine:
        return Machine(folder=place, installed=Path(sys.executable), played=PLAYED, store=store)

    return WorkflowRun(
        repository=repository,
        make_machine=make_machine,
        folder=folder / "machines",
        secrets={
            "ATTEST_SEALER_KEY": (folder / "sealer.key").read_text(),
        },
        variables={
            "ATTEST_TRUST_SHA256": digest_of(trust),
            "ATTEST_POLICY_SHA256": digest_of(repository / "attest/policy.toml"),
        },
        between=between or {},
    )


def digest_of(file: Path) -> str:
    """Return what the project's owner pins in its settings."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def release(run: WorkflowRun) -> str:
    """Run the example's workflow, and return its result; what was printed is there if a test fails."""
    result = run.run(run.repository / ".github/workflows/release.yml")
    for name, job in run.jobs.items():
        print(f"== {name}: {job.result}")
        for step in job.steps:
            print(f"-- {step.name}: {step.outcome}\n{step.printed[-4000:]}")
    return result
