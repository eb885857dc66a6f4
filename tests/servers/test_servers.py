"""Each reference server can be sealed from what its index offers, and matches itself in another place."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from attest.seal.tools.checking import check_rules
from attest.seal.tools.reading import read_tools
from tests.servers.servers import SERVERS, Server, attest, install_node, seal_and_measure
from tests.servers.soaking import PAIRS, soak

CYCLES = 20
"""`make soak-servers` does it for longer."""

pytestmark = [pytest.mark.network, pytest.mark.slow, pytest.mark.installs]


@pytest.mark.parametrize("server", SERVERS, ids=[server.program for server in SERVERS])
def test_a_reference_server_matches_itself_in_a_second_installation(server: Server, tmp_path: Path) -> None:
    if server.install is install_node and shutil.which("npm") is None:
        pytest.skip("no npm at hand")
    row = seal_and_measure(server, tmp_path)
    assert row.elsewhere == "MATCH"
    assert row.files > 500
    assert row.shares["site"] == 0, "every file is explained by an archive or a rule, none only approved"


@pytest.mark.parametrize("server", SERVERS, ids=[server.program for server in SERVERS])
def test_rules_of_a_reference_server_are_learned_and_can_be_judged_by(server: Server, tmp_path: Path) -> None:
    if server.install is install_node and shutil.which("npm") is None:
        pytest.skip("no npm at hand")
    command = server.command(server, server.install(server, tmp_path, "installed"))
    more = ["stdio"] if server.program.endswith("everything") else [str(tmp_path)]
    wants = more if server.install is install_node else []
    attest(tmp_path, "tools", "record", "-o", "session.jsonl", "--", *command, *wants)
    attest(tmp_path, "tools", "learn", "session.jsonl", "-o", "tools.toml")
    rules = read_tools(tmp_path / "tools.toml")
    check_rules(rules, {})
    assert len(rules.tools) == len(rules.definitions) > 0


@pytest.mark.parametrize("name", PAIRS)
def test_a_reference_server_never_alarms_from_before_its_first_start_on(name: str, tmp_path: Path) -> None:
    server, install = PAIRS[name]
    if server.install is install_node and shutil.which("npx") is None:
        pytest.skip("no npx at hand")
    soaked = soak(server, install, tmp_path, CYCLES)
    assert soaked.alarms == ()
    assert soaked.calls > 0
