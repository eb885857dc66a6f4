"""Actions of GitHub's own that are played: artifacts are folders, and attestations are signed by an example builder."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from tests.certified import attest_anything, leaf, statement
from tests.ci.machine import Machine, Played, StepFailedError
from tests.ci.workflows import check_out
from tests.world import make_provenance, subject_of

WRITERS = f"https://github.com/mcp-attest/mcp-attest/.github/workflows/attested-run.yml@{'0' * 40}"
"""The workflow that may certify writer keys, by its identity: at the commit by which the example calls it."""


def upload(machine: Machine, given: Mapping[str, str]) -> dict[str, str]:
    """Play actions/upload-artifact: paths below their least common folder; nothing found is an error."""
    assert given["if-no-files-found"] == "error"
    found = [path for pattern in given["path"].splitlines() for path in matching(machine.workspace, pattern)]
    if not found:
        raise StepFailedError(f"nothing matches {given['path']}")
    if given["name"] in machine.store and given.get("overwrite") != "true":
        raise StepFailedError(f"there is an artifact {given['name']}")
    place = machine.folder.parent / "artifacts" / given["name"]
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    for path in found:
        shutil.copy(path, place / path.name)
    machine.store[given["name"]] = place
    return {}


def download(machine: Machine, given: Mapping[str, str]) -> dict[str, str]:
    """Play actions/download-artifact."""
    if given["name"] not in machine.store:
        raise StepFailedError(f"no artifact {given['name']}")
    place = machine.workspace / given.get("path", ".")
    shutil.copytree(machine.store[given["name"]], place, dirs_exist_ok=True)
    return {}


def attest_subjects(machine: Machine, given: Mapping[str, str]) -> dict[str, str]:
    """Play actions/attest: provenance by the key of an example builder, any other predicate by a small Sigstore."""
    subjects = [path for line in given["subject-path"].splitlines() for path in matching(machine.workspace, line)]
    bundle = machine.temporary / "attestation.json"
    now = datetime.now(UTC).replace(microsecond=0)
    if "predicate-type" not in given:
        bundle.write_bytes(make_provenance([subject_of(path) for path in subjects]))
    else:
        (subject,) = subjects
        payload = statement(subject.read_bytes(), predicateType=given["predicate-type"])
        assert given["predicate"] == "{}"
        bundle.write_bytes(attest_anything(payload, certificate_of(machine, now), now))
    return {"bundle-path": str(bundle)}


def certificate_of(machine: Machine, now: datetime) -> bytes:
    """Return a certificate of the machine's job, as its platform knows it."""
    known = machine.platform
    source = f"{known['server_url']}/{known['repository']}"
    run = f"{source}/actions/runs/{known['run_id']}/attempts/{known['run_attempt']}"
    return leaf(WRITERS, signed=now, n12=source, n13=known["sha"], n14=known["ref"], n21=run)


def matching(folder: Path, pattern: str) -> list[Path]:
    """Return the files that a path or pattern names, below a folder or absolute."""
    path = Path(pattern)
    base = Path(path.anchor) if path.is_absolute() else folder
    return sorted(file for file in base.glob(str(path.relative_to(path.anchor))) if file.is_file())


PLAYED: Mapping[str, Played] = {
    "actions/checkout": check_out,
    "actions/upload-artifact": upload,
    "actions/download-artifact": download,
    "actions/attest": attest_subjects,
}
