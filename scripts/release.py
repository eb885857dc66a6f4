"""Make what a release is made of, the same bytes everywhere: wheel, source archive, and the SBOM of the wheel.

`python -m scripts.release DIR` writes all three into an empty folder. The wheel's parts are those of
requirements/core.txt, each with the digests of the archives that it is pinned to.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tomllib
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from attest.provenance.components.requirements import read_requirements
from attest.provenance.model import Component

ROOT: Final = Path(__file__).resolve().parent.parent
PROJECT: Final = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PINS: Final = ROOT / "requirements/core.txt"

_LOCAL: Final = ("SOURCE_DATE_EPOCH", "PYTHONHASHSEED", "HATCH_BUILD_")
"""What a caller may have set that would be seen in the archives: their times are the build backend's constant."""


def build(folder: Path, source: Path = ROOT) -> tuple[Path, Path]:
    """Build wheel and source archive of a checkout into `folder` with the pinned backend; return both."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_LOCAL)}
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(folder.resolve())]
    subprocess.run(command, cwd=source, env=environment, check=True, stdout=sys.stderr)
    (wheel,), (archive,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return wheel, archive


def sbom_of(wheel: Path, components: Iterable[Component]) -> dict[str, Any]:
    """Return the CycloneDX 1.6 document of a wheel: what it is, and what is installed with it."""
    sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()
    itself = _part("application", PROJECT["name"], PROJECT["version"], [sha256])
    parts = [
        _part("library", each.name, each.version, [digest.sha256 for digest in each.archives if digest.sha256])
        for each in components
    ]
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        # Of the wheel's own digest, so that the same wheel has the same SBOM.
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, sha256)}",
        "version": 1,
        "metadata": {"component": {**itself, "licenses": [{"license": {"id": PROJECT["license"]}}]}},
        "components": parts,
        "dependencies": [{"ref": itself["bom-ref"], "dependsOn": [part["bom-ref"] for part in parts]}],
    }


def _part(kind: str, name: str, version: str | None, archives: list[str]) -> dict[str, Any]:
    purl = f"pkg:pypi/{name}@{version}"
    references = [
        {"type": "distribution", "url": purl, "hashes": [{"alg": "SHA-256", "content": digest}]} for digest in archives
    ]
    return {
        "type": kind,
        "bom-ref": purl,
        "name": name,
        "version": version,
        "purl": purl,
        "externalReferences": references,
    }


def write(folder: Path) -> tuple[Path, ...]:
    """Write everything into an empty folder; return the files."""
    wheel, archive = build(folder)
    sbom = folder / f"{wheel.name}.cdx.json"
    document = sbom_of(wheel, read_requirements(PINS.read_bytes(), PINS.name))
    sbom.write_text(json.dumps(document, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return wheel, archive, sbom


def main() -> int:
    """Write into the folder that is named, and print the digest of each file as sha256sum does."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        print(f"{folder}: expected an empty folder, found files", file=sys.stderr)
        return 1
    for path in write(folder):
        print(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
