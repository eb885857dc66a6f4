"""Ask `@sigstore/verify` (npm) for a second opinion on every changed bundle: `make differential`.

Installs it by name into a temporary folder. Says what was skipped, and why, where node, npm or the package is missing.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from attest.errors import AttestError
from attest.provenance.sigstore.verify import verify_bundle
from tests import sigstore_world as world
from tests.differential.mutations import genuine, mutations

PACKAGES = ("@sigstore/verify@3", "@sigstore/bundle@4", "@sigstore/protobuf-specs@0.5")
SCRIPT = Path(__file__).with_name("second_opinion.cjs")


def main() -> int:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        print("skipped: @sigstore/verify, for there is no node or no npm on the PATH")
        return 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        install = [
            npm,
            "install",
            "--silent",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
            "--prefix",
            name,
            *PACKAGES,
        ]
        if subprocess.run(install, check=False).returncode:
            print("skipped: @sigstore/verify, for npm could not install it")
            return 0
        return _compare(node, folder)


def _compare(node: str, folder: Path) -> int:
    surprises = asked = passed = 0
    for form, (document, other) in genuine().items():
        changed = [("genuine", document), ("genuine", other), *mutations(document, other)]
        theirs = _ask(node, folder, [each for _, each in changed])
        ours = [_we_pass(each) for _, each in changed]
        if not all(theirs[:2]):
            print(f"{form}: skipped, @sigstore/verify refuses the genuine ones")
            continue
        wrong = [what for (what, _), us, them in zip(changed, ours, theirs, strict=True) if us and not them]
        wrong += ["genuine, refused here" for us in ours[:2] if not us]
        for what in wrong:
            print(f"{form}: {what}: a surprise")
        surprises, asked, passed = surprises + len(wrong), asked + len(changed), passed + sum(ours)
        print(f"{form}: {len(changed)} bundles, passed here {sum(ours)}, there {sum(theirs)}")
    print(f"{asked} bundles, {passed} passed here, {surprises} surprises")
    return 1 if surprises else 0


def _ask(node: str, folder: Path, bundles: list[dict[str, Any]]) -> list[bool]:
    artifact = base64.b64encode(world.ARTIFACT).decode()
    question = json.dumps({"root": world.root_document(), "artifact": artifact, "bundles": bundles})
    environment = {**os.environ, "NODE_PATH": str(folder / "node_modules")}
    done = subprocess.run(
        [node, str(SCRIPT)], input=question, env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    return [line == "true" for line in done.stdout.split()]


def _we_pass(document: dict[str, Any]) -> bool:
    try:
        verify_bundle(world.encoded(document), world.trust(), where="bundle")
    except AttestError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
