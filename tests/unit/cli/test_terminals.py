"""What a command prints of somebody's document drives no terminal, and is no line of its own."""

from __future__ import annotations

import msgspec

from attest.agent.board import AgentStatus, ServerStatus
from attest.cli.agent_status import status_lines
from attest.cli.door import enter
from attest.cli.sealed_summary import summarize
from attest.statement.states import State
from tests.documents import REFERENCE, SERVER

HOSTILE = "name\u009b31m\u0085\u2028\u202ename"
"""An escape sequence in one character, two ends of lines, and text that runs backwards: all of them fit in a `Line`."""
IDENTITY = f"{HOSTILE}@https://issuer.example@1"


def is_shown(text: str) -> bool:
    return "name" in text and all(line.isprintable() for line in text.split("\n"))


def test_a_trust_file_is_shown_in_one_line_for_each_thing_that_it_says(tmp_path, capsys):
    path = str(tmp_path / "trust.json")
    assert enter(["trust", "new", path, "--builder-identity", IDENTITY, "--sigstore", "production"]) == 0
    capsys.readouterr()
    for verb in ("show", "check"):
        enter(["trust", verb, path])
        assert is_shown(capsys.readouterr().out)


def test_a_reference_and_a_running_server_are_told_of_in_printable_lines():
    reference = msgspec.structs.replace(REFERENCE, server=msgspec.structs.replace(SERVER, name=HOSTILE))
    assert is_shown(summarize(reference))
    status = ServerStatus(
        name=HOSTILE, reference="0" * 64, state=State.DRIFT, measured_at="2026-11-22T12:00:00.000Z",
        took_milliseconds=1, files=1, bytes=1, cycles=1, not_matching=1, finding=HOSTILE,
    )  # fmt: skip
    agent = AgentStatus(pid=1, began_at=status.measured_at, log="log", servers=(status,))
    assert is_shown("\n".join(status_lines(agent, now=0)))
