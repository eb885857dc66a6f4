"""A second instance of the server sees what the first is made of, and nothing else; it reaches nobody."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Final

import pytest

from attest.statement.tools.rules import BaselineRule, Decoy, OnCallerDrift, Trait
from tests.portal_world import SERVER, make_tool_rules, portal, seal_server
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


def test_it_gets_at_nothing_that_is_not_sealed(tmp_path: Path) -> None:
    rule = BaselineRule(id="calm", trait=Trait.CALLS, at_most=1, within_seconds=600)
    decoy = Decoy(path="/srv/ops/.netrc", text="machine internal.example")
    tools = make_tool_rules("echo", baseline=(rule,), on_caller_drift=OnCallerDrift.PHANTOM, decoys=(decoy,))
    bench = seal_server(tmp_path, tools=tools, server=TRYING)
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside" / "secret").write_text("of the user's")
    with socket.create_server(("127.0.0.1", 0)) as outside:
        sealed = f"read {bench.tree / 'serve.py'}"
        tries = [
            sealed,
            f"read {tmp_path / 'beside' / 'secret'}",
            f"write {tmp_path / 'beside' / 'new'}",
            f"write {bench.tree / 'serve.py'}",
            f"connect {outside.getsockname()[1]}",
            "variable SECRET_OF_A_USER",
            "read /etc/passwd",
            f"read {decoy.path}",
        ]
        with portal(bench, environment={"SECRET_OF_A_USER": "x"}) as client:
            client.open()
            free, confined = (
                json.loads(client.call(number, "echo", json.dumps(tries))["result"]["content"][0]["text"])
                for number in (1, 2)
            )
            began = below(client.process.pid)
            code, err = client.close()
    assert code == 0, err
    assert free == sorted(set(tries) - {f"read {decoy.path}"})
    assert confined == sorted([sealed, f"read {decoy.path}"])
    # At least the server, bubblewrap, what that is in its namespace, and the second instance.
    assert len(began) >= 4
    assert not any(Path(f"/proc/{pid}").exists() for pid in began)
