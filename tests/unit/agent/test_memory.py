"""What a running agent has in memory besides what it was given: modules, which stay loaded as long as it runs."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from attest.trust.making import write_trust
from tests.installed import make_bench
from tests.world import WRITER, make_trust_file, write_key_pair

PROGRAM = """
import sys
from pathlib import Path
from attest.agent.starting import AgentRequest, open_agent

reference = Path(sys.argv[1])
beside = reference.with_name
request = AgentRequest(
    references=(reference,), trust=beside("trust.json"), key=beside("writer.key"), log=beside("log"), places={}
)
with open_agent(request, lambda reported: None) as run:
    matched = run.once()
assert matched
print(*sys.modules)
"""

NEEDED = """
array base64 binascii collections.abc concurrent.futures.thread contextlib copy csv ctypes dataclasses datetime
encodings.ascii enum errno fcntl fnmatch functools hashlib heapq hmac itertools json marshal math msgspec operator os
pathlib platform posixpath queue re resource select signal sqlite3 stat struct sys threading time types typing
unicodedata urllib.parse weakref
cryptography.exceptions cryptography.hazmat.primitives.asymmetric.ed25519
"""
"""What the agent may import, with all that these import in turn. Each costs memory in every agent on every machine."""

UNLIKELY = frozenset({"subprocess", "socket", "tempfile", "shutil", "secrets", "http", "asyncio", "email", "ssl"})
"""What only a child, a cut or a large tree needs, or nothing at all."""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> frozenset[str]:
    """Measure a sealed tree once in a new process; return the modules that it has loaded by then."""
    folder = tmp_path_factory.mktemp("memory")
    bench = make_bench(folder)
    reference = bench.write(bench.seal(at=time.time_ns() // 1_000_000))
    write_key_pair(folder, "writer", WRITER)
    (folder / "trust.json").write_bytes(write_trust(make_trust_file()))
    return modules_after(PROGRAM, reference)


def modules_after(program: str, *words: Path) -> frozenset[str]:
    """Return what a new process has loaded once a program has said so."""
    argv = [sys.executable, "-c", program, *map(str, words)]
    child = subprocess.run(argv, check=False, capture_output=True, text=True)
    assert child.returncode == 0, child.stderr
    return frozenset(child.stdout.split())


def test_a_running_agent_has_loaded_nothing_but_what_it_needs(loaded: frozenset[str]) -> None:
    needed = modules_after("".join(f"import {name}\n" for name in NEEDED.split()) + "import sys\nprint(*sys.modules)")
    ours = frozenset(name for name in loaded if name.split(".")[0] == "attest")
    assert "attest.agent.run" in ours
    assert loaded - ours <= needed, sorted(loaded - ours - needed)


def test_a_running_agent_has_loaded_nothing_for_what_it_did_not_have_to_do(loaded: frozenset[str]) -> None:
    assert loaded.isdisjoint(UNLIKELY), loaded & UNLIKELY
    assert "attest.measure.second_reader" not in loaded
    assert not [name for name in loaded if name.startswith(("attest.seal", "attest.evidence", "attest.portal"))]
