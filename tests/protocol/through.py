"""The client of `client`, through a portal before whatever listens at the URL given last; sealed as soon as it listens.

Usage: `through FOLDER URL`. FOLDER holds the keys and the trust file; each scenario has its log there.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.commands import attest, passed
from tests.ports import free_port
from tests.protocol.client import REVISION
from tests.protocol.world import started

ASKS: Final = 'input-requests = ["elicitation/create", "roots/list", "sampling/createMessage"]'
KEYS: Final = ("--trust", "trust.json", "--key")
PATIENT: Final = ("--cycle", "600", "--max-gap", "1200", "--max-age", "900")
"""The suite counts what its server is asked: one look is enough."""


def opened(rules: str) -> str:
    """Allow all that a starter file proposes, with any arguments: which are good is not what the suite is about."""
    rules = rules.replace("# prompts = ", "prompts = ").replace("# [resources]\n", "[resources]\n")
    rules = re.sub(r"^# (resource-\d+ = )", r"\1", rules, flags=re.MULTILINE)
    rules = re.sub(r"^\[limits[^\[]*\n\n", "", rules, flags=re.MULTILINE)
    rules = re.sub(r"^(schema = .*\n)", rf"\1{ASKS}\n", rules, count=1, flags=re.MULTILINE)
    tool = f'schema = {{ type = "object", additionalProperties = true }}\nresult = {{ {ASKS} }}\n'
    return re.sub(r"^(\[tools\.[^\]]+\]\n)", rf"\1{tool}", rules, flags=re.MULTILINE)


def sealed(folder: Path, name: str, url: str) -> None:
    """Record who listens at the URL, learn from it, and seal it."""
    passed(attest(folder, "tools", "record", "--upstream", url, "--revision", REVISION, "-o", f"{name}.jsonl"))
    passed(attest(folder, "tools", "learn", f"{name}.jsonl", "-o", f"{name}.toml"))
    rules = folder / f"{name}.toml"
    rules.write_text(opened(rules.read_text()))
    words = ("seal", "--upstream", url, "--name", name, "--tools", str(rules), *KEYS, "sealer.key", *PATIENT)
    passed(attest(folder, *words, "-o", f"{name}.ref"))


def main(folder: Path, url: str) -> int:
    """Seal what is there, put a portal before it, and run the client; return its exit code."""
    name = f"{os.environ['MCP_CONFORMANCE_SCENARIO']}-{REVISION}"
    sealed(folder, name, url)
    port = free_port()
    places = ["--upstream", url, "--listen", f"127.0.0.1:{port}", "--log", f"log-{name}"]
    command = [sys.executable, "-m", "attest", "portal", f"{name}.ref", *KEYS, "writer.key", *places]
    with started(command, folder, port):
        path = "/" + url.split("/", 3)[3] if url.count("/") > 2 else "/"
        through = f"http://127.0.0.1:{port}{path}"
        return subprocess.run([sys.executable, "-m", "tests.protocol.client", through], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[-2]), sys.argv[-1]))
