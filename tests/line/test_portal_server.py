"""What a server behind the portal gets from us, and what it may start: with a real process, receipts and evidence."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from tests.launches import receipts, story
from tests.portal_world import SERVER, portal, said_in, seal_server, verified
from tests.waiting import wait_until

FDS = 'filter(os.path.lexists, map("/proc/self/fd/{}".format, range(99)))'
INHERITED = SERVER.replace('"".join(seen)', f'" ".join(map(os.readlink, {FDS}))')
"""A server that tells to what its descriptors lead."""

STARTING = SERVER.replace("os._exit(7)", 'os.spawnv(os.P_NOWAIT, text, [text, "600"])')
"""A server that starts a program when it is told to die."""


def test_a_server_inherits_no_descriptor_of_ours(tmp_path: Path) -> None:
    bench = seal_server(tmp_path, server=INHERITED)
    before = "import os; os.set_inheritable(os.open('writer.key', os.O_RDONLY), True)"
    with portal(bench, before=before) as client:
        client.open()
        told = said_in(client.call(1, "seen"))
        assert client.close()[0] == 0
    assert "pipe:" in told
    assert "writer.key" not in told
    assert verified(bench)["counts"]["permits"] == 1


def test_a_program_that_somebody_brought_and_the_server_starts_ends_the_calls(tmp_path: Path) -> None:
    bench = seal_server(tmp_path, server=STARTING, cycle=1)
    brought = Path(shutil.copy("/bin/sleep", tmp_path / "brought"))
    with portal(bench) as client:
        client.open()
        assert said_in(client.call(1, "die", str(brought))) == str(brought)
        refused: dict[str, Any] = wait_until(lambda: client.call(2, "echo", "hi").get("error", {}))
        assert refused["data"]["rule"] == "measurement.drift"
        assert client.close()[0] == 1
    violations = [each["predicate"] for each in receipts(bench) if "runtime-violation" in each["predicateType"]]
    assert {each["kind"] for each in violations[0]["findings"]["findings"]} == {"child"}


def test_a_program_of_the_machine_that_the_server_starts_ends_nothing(tmp_path: Path) -> None:
    bench = seal_server(tmp_path, server=STARTING, cycle=1)
    with portal(bench) as client:
        client.open()
        assert said_in(client.call(1, "die", "/bin/sleep")) == "/bin/sleep"
        before = len(receipts(bench))
        wait_until(lambda: story(bench)[before:].count("runtime-measurement") > 1)
        assert said_in(client.call(2, "echo", "hi")) == "hi"
        assert client.close()[0] == 0
