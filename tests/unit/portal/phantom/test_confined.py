"""A second instance of the server sees what the first is made of, and nothing else; it reaches nobody."""

from __future__ import annotations

import json
import socket
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from attest.seal.request import Tree
from attest.statement.tools.rules import BaselineRule, Decoy, OnCallerDrift, ToolRules, Trait
from tests.installed import Bench
from tests.launches import PYTHON, make_launch_bench
from tests.portal_world import SERVER, make_tool_rules, portal
from tests.unprivileged import may_confine

pytestmark = pytest.mark.skipif(not may_confine(), reason="no bubblewrap here, or none that works")

TRYING: Final = SERVER.replace(
    'said = "".join(seen) if name == "seen" else text',
    "said = json.dumps(sorted(filter(could, json.loads(text))))",
).replace(
    "seen = []",
    """seen = []
import socket
TRIES = {
    "read": lambda what: open(what).read(1),
    "write": lambda what: open(what, "a").close(),
    "connect": lambda what: socket.create_connection(("127.0.0.1", int(what)), 5).close(),
    "variable": os.environ.__getitem__,
    "see": lambda what: os.kill(int(what), 0),
}
def could(each):
    verb, what = each.split(" ", 1)
    try:
        TRIES[verb](what)
    except Exception:
        return False
    return True
""",
)


def below(pid: int) -> set[int]:
    """Return the processes that a process started, directly or not."""
    found = set[int]()
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, listed.read_text().split()):
            found |= {child} | below(child)
    return found


DECOY: Final = Decoy(path="/srv/ops/.netrc", text="machine internal.example")


def rules() -> ToolRules:
    """Return rules by which the second call goes to a phantom."""
    rule = BaselineRule(id="calm", trait=Trait.CALLS, at_most=1, within_seconds=600)
    return make_tool_rules("echo", baseline=(rule,), on_caller_drift=OnCallerDrift.PHANTOM, decoys=(DECOY,))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """The server that tries, and a directory in its tree."""
    made = make_launch_bench(tmp_path)
    (made.tree / "serve.py").write_text(TRYING)
    (made.tree / "data").mkdir()
    return made


def seal(bench: Bench, **request: Any) -> None:
    """Seal it, by itself or with its tree."""
    command = (PYTHON, "-S", str(bench.tree / "serve.py"))
    bench.write(bench.seal(allow_site=("serve.py",), command=command, tools=rules(), **request))


def tried(bench: Bench, tries: Sequence[str]) -> tuple[list[str], list[str], set[int]]:
    """Return what the server could do, what the phantom could, and all processes that there were."""
    with portal(bench, environment={"SECRET_OF_A_USER": "x"}) as client:
        client.open()
        free, confined = (
            json.loads(client.call(number, "echo", json.dumps(tries))["result"]["content"][0]["text"])
            for number in (1, 2)
        )
        began = below(client.process.pid)
        code, err = client.close()
    assert code == 0, err
    return free, confined, began


def test_it_gets_at_nothing_that_is_not_sealed(bench: Bench, tmp_path: Path) -> None:
    seal(bench, mutable=(bench.tree / "data",))
    (tmp_path / "beside").mkdir()
    for place in (tmp_path / "beside", bench.tree / "data"):
        (place / "secret").write_text("of the user's")
    with socket.create_server(("127.0.0.1", 0)) as outside:
        sealed = f"read {bench.tree / 'serve.py'}"
        tries = [
            sealed,
            f"read {tmp_path / 'beside' / 'secret'}",
            f"read {bench.tree / 'data' / 'secret'}",
            f"write {tmp_path / 'beside' / 'new'}",
            f"write {bench.tree / 'serve.py'}",
            f"connect {outside.getsockname()[1]}",
            "variable SECRET_OF_A_USER",
            "read /etc/passwd",
            f"read {DECOY.path}",
        ]
        free, confined, began = tried(bench, tries)
    assert free == sorted(set(tries) - {f"read {DECOY.path}"})
    assert confined == sorted([sealed, f"read {DECOY.path}"])
    # At least the server, bubblewrap, what that is in its namespace, and the second instance.
    assert len(began) >= 4
    assert not any(Path(f"/proc/{pid}").exists() for pid in began)


def test_it_gets_at_nothing_by_another_spelling_of_where_the_server_lies(bench: Bench, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(bench.tree.parent)
    linked = replace(bench, tree=link / bench.tree.name)
    seal(linked, mutable=(linked.tree / "data",))
    (bench.tree / "data" / "secret").write_text("of the user's")
    tries = sorted(f"read {tree / each}" for tree in (bench.tree, linked.tree) for each in ("data/secret", "serve.py"))
    free, confined, _ = tried(linked, tries)
    assert free == tries
    assert confined == [each for each in tries if each.endswith("serve.py")]


def test_it_gets_at_nothing_beside_a_program_that_was_sealed_by_itself(bench: Bench) -> None:
    program = bench.tree / "serve.py"
    seal(bench, trees=(Tree(name="tree", path=program),), artifacts=(), evidence=())
    for place in (bench.tree, bench.tree / "data"):
        (place / "secret").write_text("of the user's")
    tries = [f"read {bench.tree / each}" for each in ("data/secret", "secret", "serve.py")]
    free, confined, _ = tried(bench, tries)
    assert (free, confined) == (tries, [f"read {program}"])
