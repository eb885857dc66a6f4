"""Actions of GitHub's own that are played: artifacts are folders, and attestations are signed by an example builder."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from tests.ci.machine import Machine, Played, StepFailedError
from tests.ci.workflows import check_out
from tests.world import make_provenance, subject_of


def upload(machine: Machine, given: Mapping[str, str]) -> dict[str, str]:
    """Play actions/upload-artifact: paths below their least common folder; nothing found is an error."""
    assert given["if-no-files-found"] == "error"
    found = [path for pattern in given["path"].splitlines() for path in matching(machine.workspace, pattern)]
    if not found:
        raise StepFailedError(f"nothing matches {given['path']}")
    if given["name"] in machine.store:
        raise StepFailedError(f"there is an artifact {given['name']}")
    place = machine.folder.parent / "artifacts" / given["name"]
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


def attest_build(machine: Machine, given: Mapping[str, str]) -> dict[str, str]:
    """Play actions/attest: provenance of the same form, by the key of an example builder instead of Sigstore."""
    subjects = [path for line in given["subject-path"].splitlines() for path in matching(machine.workspace, line)]
    bundle = machine.temporary / "attestation.json"
    bundle.write_bytes(make_provenance([subject_of(path) for path in subjects]))
    return {"bundle-path": str(bundle)}


def matching(folder: Path, pattern: str) -> list[Path]:
    """Return the files that a path or pattern names, below a folder or absolute."""
    path = Path(pattern)
    base = Path(path.anchor) if path.is_absolute() else folder
    return sorted(file for file in base.glob(str(path.relative_to(path.anchor))) if file.is_file())


PLAYED: Mapping[str, Played] = {
    "actions/checkout": check_out,
    "actions/upload-artifact": upload,
    "actions/download-artifact": download,
    "actions/attest": attest_build,
}
