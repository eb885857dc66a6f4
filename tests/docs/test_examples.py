"""The examples of every verb's `--help` run, in one folder and in the order of the line."""

from __future__ import annotations

import hashlib
import shlex
from pathlib import Path

import pytest

from attest.evidence.policy.document import POLICY_SCHEMA
from attest.provenance.certificate import GITHUB_ISSUER
from attest.statement.tools.definitions import digest_of_set
from attest.trust.making import BuilderIdentity, write_trust
from tests import build_files
from tests.commands import Done, attest, attest_process, passed
from tests.tools_documents import SERVER
from tests.world import subject_of

ORDER = (
    *(
        "",
        "scan",
        "init",
        "doctor",
        "key",
        "key new",
        "key show",
        "trust",
        "trust new",
        "trust show",
        "trust check",
        "fetch",
        "tools",
        "tools record",
        "tools learn",
        "seal",
        "sign",
        "update",
        "derive",
        "revoke",
        "diff",
        "wrap",
        "run",
        "portal",
        "agent",
    ),
    *(
        "log",
        "log show",
        "log checkpoint",
        "log check",
        "log prove",
        "log anchor",
        "log watch",
        "bundle",
        "policy",
        "policy check",
        "verify",
        "report",
        "log close",
        "show",
        "demo",
    ),
)
"""Every verb, so that each example finds what those before it made."""

GROUPS = {"key", "trust", "log", "policy", "tools"}

SEAL = "attest seal server --trust trust.json --key sealer.key --allow-site '*'"
TWO = "attest trust new two-sealers.json --sealer sealer.key.pub --sealer second.key.pub --writer writer.key.pub"
BEFORE = {
    "derive": (f"{SEAL} --tools tools.toml -o notes.ref -- server/run.sh",),
    "key show": ("attest key new writer.key",),
    "sign": ("attest key new second.key", f"{TWO} --sealer-threshold 2"),
    "verify": ("attest key new gate.key",),
    "diff": (f"{SEAL} --supersedes server.ref -o server-new.ref",),
}
"""What the examples need besides one another."""


POLICY = f'schema = "{POLICY_SCHEMA}"\n[measured]\nmin-binding = "tree"\nmax-age-seconds = 3600\n'
"""What the evidence of these examples keeps."""


def scanned(done: Done) -> None:
    """What is running on the machine that runs the tests is not for them to say, only that it could be told."""
    assert done.returncode in {0, 1}, done.stderr


def words_of(line: str) -> list[str]:
    program, *words = shlex.split(line)
    assert program == "attest", line
    return words


FAR = f"""
schema = "https://mcp-attest.github.io/schemas/tools/v0.1"
definitions = {{ file = "far.definitions.json", sha256 = "{digest_of_set(())}" }}
upstream = {{ url = "https://far.example/", spki = ["{"ab" * 32}"] }}
"""
"""The rules of a server elsewhere, with no tool at all."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))  # what attest init makes is nobody else's
    server = tmp_path / "server"
    server.mkdir()
    program = server / "run.sh"
    program.write_text(SERVER)
    program.chmod(0o755)
    (tmp_path / "far.definitions.json").write_text("[]")
    (tmp_path / "far.toml").write_text(FAR)
    (tmp_path / "client.json").write_text('{"mcpServers": {"one": {"command": "server/run.sh"}}}')
    return tmp_path


def write_build_evidence(folder: Path) -> None:
    """Write what GitHub and npm would leave of a build in the world of these tests, and who is trusted for it."""
    wheel, tarball = folder / "server.whl", folder / "server-1.2.3.tgz"
    wheel.write_bytes(b"a wheel")
    tarball.write_bytes(b"a tarball")
    signed = build_files.attested(build_files.statement(build_files.provenance(), subjects=[subject_of(wheel)]))
    (folder / "server.sigstore.json").write_bytes(signed)
    digest = {"sha512": hashlib.sha512(tarball.read_bytes()).hexdigest()}
    package = [{"name": "pkg:npm/%40acme/server@1.2.3", "digest": digest}]
    publish = build_files.published(subjects=package)
    (folder / "npm.attestations.json").write_bytes(build_files.npm_file(publish=publish, subjects=package))
    builder = BuilderIdentity(identity=build_files.WORKFLOW, issuer=GITHUB_ISSUER, max_level=2)
    trusted = build_files.trust_file(builders=[builder], sources=(build_files.REPOSITORY,))
    (folder / "github.json").write_bytes(write_trust(trusted))


def help_of(folder: Path, verb: str) -> str:
    return passed(attest(folder, *verb.split(), "--help")).decode()


def examples_of(folder: Path, verb: str) -> list[str]:
    _, found, end = help_of(folder, verb).partition("Example:\n")
    if verb in GROUPS:
        assert not found, "a group has no example of its own"
        return []
    assert found, f"attest {verb} --help has no example"
    return [line.strip() for line in end.strip().splitlines()]


def test_every_verb_is_listed_here(folder: Path) -> None:
    from attest.cli.door import VERBS

    assert {verb.split()[0] for verb in ORDER if verb} == set(VERBS)


def test_help_examples_run_one_after_the_other(folder: Path) -> None:
    for verb in ORDER:
        for line in BEFORE.get(verb, ()):
            passed(attest(folder, *words_of(line)))
        if verb == "policy":
            (folder / "attest-policy.toml").write_text(POLICY)
        if verb == "verify":
            write_build_evidence(folder)
        if verb == "log watch":
            continue  # it needs a terminal: tests/unit/portal/observing
        if verb in {"demo", "fetch", "log anchor"}:
            continue  # they have tests of their own: these need a package index, that one an authority
        # A server reads the very standard input of the process that starts it.
        call = attest_process if verb in {"run", "portal"} else attest
        for line in examples_of(folder, verb):
            (scanned if verb == "scan" else passed)(call(folder, *words_of(line), stdin=b""))
