"""Starting: a verb loads what it needs, and nothing looks for garbage among what a program is made of."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from attest.codec import instant
from attest.trust.making import write_trust
from tests import evidence_story
from tests.world import NOW, make_trust_file

LOADED: Final = Path(__file__).with_name("loaded_by_verify.txt")
"""All of our modules that a plain `attest verify` of a bundle loads, one a line, sorted."""

OTHERS: Final = {"click", "cryptography", "msgspec"}
"""Packages of others that it may load."""

PROGRAM = """
import gc, sys
from attest import cli
cli.os._exit = sys.exit  # here somebody is still interested in what was loaded
collections = []
gc.callbacks.append(lambda phase, _: collections.append(phase))
try:
    cli.main()
except SystemExit as end:
    assert end.code == 0, end.code
print(len(collections), *sys.modules)
"""


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    """Verify an honest bundle in a new process; return how many collections there were, and the modules loaded."""
    folder = tmp_path_factory.mktemp("starting")
    (folder / "evidence.jsonl").write_bytes(b"".join(evidence_story.honest(folder / "log")))
    (folder / "trust.json").write_bytes(write_trust(make_trust_file()))
    argv = ["verify", "evidence.jsonl", "--trust", "trust.json", "--at", instant.text(NOW)]
    argv += ["--reference", f"sha256:{evidence_story.REFERENCE_DIGEST}", "-o", "report.txt"]
    child = subprocess.run(
        [sys.executable, "-c", PROGRAM, *argv], cwd=folder, check=False, capture_output=True, text=True
    )
    assert child.returncode == 0, child.stderr
    collections, *modules = child.stdout.split()
    return int(collections), set(modules)


def test_verifying_loads_the_readers_of_what_the_bundle_holds_and_no_others(started):
    _, modules = started
    assert "attest.provenance.components.cyclonedx" in modules
    absent = {"attest.provenance.components.spdx2", "attest.provenance.components.spdx3", "attest.recorder"}
    absent |= {"attest.evidence.verify.document", "attest.provenance.containers.several", "attest.signing.keyfiles"}
    absent |= {"attest.trust.revocations", "attest.statement.predicates.runtime_revocation", "attest.evidence.joining"}
    absent |= {"attest.statement.tools.calls", "attest.statement.predicates.tool_permit", "attest.appraisal.breaker"}
    absent |= {"attest.provenance.sources.lock_files", "attest.provenance.sources.attested_sbom"}
    absent |= {"attest.signing.algorithms.ecdsa_p256", "attest.signing.ml_dsa", "attest.signing.cosigned"}
    absent |= {"attest.evidence.verify.calls", "attest.appraisal.calls"}
    absent |= {"attest.statement.findings", "attest.statement.predicates.runtime_violation"}
    absent |= {"attest.provenance.containers.layout_document", "attest.evidence.policy.judge", "rfc8785", "shlex"}
    absent |= {"sqlite3", "concurrent.futures", "traceback", "email", "logging", "dataclasses", "rfc3161_client"}
    assert modules.isdisjoint(absent), modules.intersection(absent)


def test_verifying_loads_nothing_that_was_not_thought_of(started):
    # Each module takes 0.1 ms of the 100 that the whole may take: import what few files need where they need it. What
    # every file needs is added to the list.
    _, modules = started
    ours = {name for name in modules if name.partition(".")[0] == "attest"}
    assert ours == set(LOADED.read_text().split())
    installed = {name.partition(".")[0] for name in modules} - sys.stdlib_module_names - {"attest", "_cffi_backend"}
    assert {name for name in installed if not name.startswith("_")} <= {*OTHERS, "sitecustomize"}


def test_the_help_of_a_verb_loads_nothing_that_only_its_work_needs():
    program = "import importlib, sys; from attest.cli.door import VERBS\n"
    program += "for verb in VERBS: importlib.import_module(f'attest.cli.{verb}')\nprint(*sys.modules)"
    child = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    heavy = {f"attest.{room}" for room in ("agent", "appraisal", "fetch", "measure", "portal", "recorder", "scan")}
    heavy |= {"asyncio", "concurrent.futures", "cryptography", "logging", "sqlite3"}
    assert heavy.isdisjoint(child.stdout.split())


def test_a_short_life_is_not_spent_on_looking_for_garbage(started):
    # Two phases each; Python's own setting makes for 84.
    assert started[0] <= 8


INTERRUPTED_WHILE_LOADED = """
import sys
class Finder:
    @staticmethod
    def find_spec(name, *_):
        if name == "click":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Finder)
sys.argv = ["attest", "show"]
from attest.cli import main
main()
"""


def test_who_interrupts_it_while_it_is_loaded_sees_no_traceback() -> None:
    done = subprocess.run([sys.executable, "-c", INTERRUPTED_WHILE_LOADED], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (130, b"")
