"""How the commands of each page come to run: what stands for its placeholders, what its reader has done before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from attest.provenance.certificate import GITHUB_ISSUER
from tests import build_files

KEYS: Final = "attest key new sealer.key && attest key new writer.key\n"
TRUST: Final = KEYS + "attest trust new trust.json --sealer sealer.key.pub --writer writer.key.pub\n"
SEAL: Final = "attest seal server --trust trust.json --key sealer.key --allow-site '*' -o server.ref -- server/run.sh\n"
COMMITTED: Final = "git init -q . && git -c user.name=me -c user.email=me@here commit -q --allow-empty -m first\n"
ONCE: Final = "attest agent server.ref --trust trust.json --key writer.key --log log --once\n"
EXPORTED: Final = ONCE + "attest bundle log -o evidence.jsonl\n"
MEASURED: Final = TRUST + SEAL + ONCE
BUNDLED: Final = TRUST + SEAL + EXPORTED
TWO_SEALERS: Final = """
attest key new second.key
attest trust new two-sealers.json --sealer sealer.key.pub --sealer second.key.pub --sealer-threshold 2 \\
  --writer writer.key.pub
"""
POLICY: Final = "echo 'schema = \"https://mcp-attest.github.io/schemas/policy/v0.1\"' > attest-policy.toml\n"
CALLED: Final = """
call='{"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "echo", "arguments": {}}}'
printf '%s\\n' '{"jsonrpc": "2.0", "id": 1, "method": "initialize"}' "$call" | attest portal time -- server/run.sh
"""
"""A client calls a tool of the server that `attest wrap` has put behind the portal."""

RULED: Final = f"""
attest tools record -o session.jsonl -- server/run.sh && attest tools learn session.jsonl -o tools.toml
{SEAL.replace(" -o", " --tools tools.toml -o")}"""
"""A server is sealed with rules for its tools."""

TONIGHT: Final = "tonight.ref --trust trust.json --key writer.key --log log-tonight"

BUILT: Final = f"""
cp attestation.sigstore.json provenance.json && cp sbom.cdx.json sbom.json
attest trust new built.json --sealer sealer.key.pub --writer writer.key.pub --sigstore root.json \\
  --builder-identity {build_files.WORKFLOW}@{GITHUB_ISSUER}@2 --source {build_files.REPOSITORY}
mv built.json trust.json
"""
"""Who built it is expected."""

RENEWED: Final = "--evidence none --allow-site '*' --yes"
"""What `attest update` needs of a server that no archive answers for, where nobody is at a terminal."""


@dataclass(frozen=True, kw_only=True)
class Story:
    """A page's own; a block is named by how it begins."""

    installed: bool = False
    replaced: Mapping[str, str] = field(default_factory=dict)
    before: Mapping[str, str] = field(default_factory=dict)


STORIES: Final[dict[str, Story]] = {
    "README.md": Story(
        installed=True,
        replaced={
            "attest scan": "attest scan --no-running",
            "attest wrap ": "attest wrap --all ",
            "COMMAND": "server/run.sh",
            "--enforce": f"--enforce {RENEWED}",
            "update server.ref": "update server.ref --trust trust.json --key sealer.key --evidence evidence --yes",
        },
        before={
            "attest fetch .venv": BUILT,
            "attest update server.ref": "cp attestation.sigstore.json evidence/",
            "attest seal .venv --evidence evidence-new": "cp -r evidence evidence-new",
            "attest run": SEAL,
            "attest tools record": CALLED,
            "attest bundle run-time": CALLED,
        },
    ),
    "docs/agent.md": Story(replaced={"LOG": "log"}, before={"systemctl stop": MEASURED}),
    "docs/proofs.md": Story(before={"attest log show": MEASURED}),
    "docs/build-evidence.md": Story(
        installed=True,
        replaced={"production": "root.json", "OWNER/REPO": "acme/server"},
        before={
            "attest trust new": KEYS,
            "attest verify evidence/my_server": "attest fetch my-server==1.2.3 -o evidence",
            "attest verify my-server.ref": "cp trust.json your-trust.json",
            "attest seal .venv --evidence evidence-new": "cp -r evidence evidence-new",
        },
    ),
    "docs/deriving.md": Story(
        replaced={
            "--tool list_notes --tool move_note": "--tool echo",
            '"$(date -u +%Y-%m-%d)T23:59:59Z"': "2099-01-01T00:00:00Z",
        },
        before={
            "attest derive": TRUST + RULED,
            "attest bundle": CALLED.replace("time -- server/run.sh", TONIGHT),
        },
    ),
    "docs/policy.md": Story(before={"attest policy check": BUNDLED + POLICY}),
    "docs/keys.md": Story(
        before={
            "attest sign": SEAL + TWO_SEALERS,
            "attest revoke": SEAL.replace("server.ref", "old.ref") + "attest key new old-writer.key\n" + EXPORTED,
        },
    ),
    "docs/make.md": Story(before={"cat > Makefile": TRUST + SEAL + COMMITTED}),
    "docs/report.md": Story(before={"attest report": BUNDLED}),
    "docs/running.md": Story(before={"attest trust new": "attest key new sealer.key"}),
    "docs/tools.md": Story(
        before={
            "attest tools record": TRUST,
            "attest diff": SEAL.replace("server.ref", "server-new.ref"),
        },
    ),
    "docs/verdict-formats.md": Story(before={"attest verify evidence.jsonl": BUNDLED}),
    "docs/wrapping.md": Story(
        replaced={
            "attest wrap ": "attest wrap --all ",
            "COMMAND": "server/run.sh",
            "run-NAME": "run-time",
            "NAME": f"time {RENEWED}",
        },
        before={"attest tools record": "attest wrap --all" + CALLED},
    ),
}
"""A page that is not here runs as it stands."""

ELSEWHERE: Final = {
    "docs/reference/cli.md": "written from --help, the examples of which tests/docs/test_examples.py runs",
}
"""Pages of which no block runs here, and where they do."""

NOT_RUN: Final[dict[tuple[str, str], str]] = {
    (
        "ci/examples/github/README.md",
        "WORKFLOWS=",
    ): "names the reader's repository and commit; its flags are checked",
    ("ci/examples/make/README.md", "attest key new"): "needs the example's files: tests/ci/test_other_systems.py",
    ("ci/examples/make/README.md", "export SEALER_KEY"): "as above",
    ("docs/proofs.md", "attest trust new"): "needs an authority elsewhere: tests/unit/cli/test_anchoring.py",
    ("docs/portal.md", "attest tools record --upstream"): "needs a server elsewhere: tests/line/test_web_portal.py",
    ("README.md", "make demo"): "tests/real/test_demo.py runs the demo, and make test is what runs this",
    ("README.md", "attest seal --runtime-of .venv/bin/python --trust"): (
        "compiles a whole standard library, half a minute: tests/line/test_line.py seals a smaller program"
    ),
    (
        "README.md",
        "attest seal --runtime-of .venv/bin/python --supersedes",
    ): "as above",
    ("docs/tutorial.md", "python3 -m venv"): "installs from a package index: tests/packaging/test_wheel.py",
    ("docs/agent.md", "useradd"): "makes a user and a service of the machine",
    ("docs/running.md", "useradd"): "makes a user of the machine",
    ("docs/deriving.md", "attest portal"): "goes on until its client ends it: tests/line/test_derive.py",
    ("docs/portal.md", "attest portal"): "serves until it is stopped: tests/line/test_web_portal.py",
    ("docs/portal.md", "mkdir -m 700"): "serves until it is stopped: tests/line/test_portal_socket.py",
    ("docs/portal.md", "attest agent"): "measures until it is stopped: tests/line/test_portal_following.py",
}
"""Page and beginning of a block that does not run: why, and what runs it instead."""

OTHER_OUTPUT: Final = {"README.md"}
"""Pages that show what a real server's evidence says; the server here is smaller."""
