"""What a command prints of somebody's document drives no terminal, and is no line of its own."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Any

import msgspec
import pytest

from attest.agent.board import AgentStatus, ServerStatus
from attest.cli.agent_status import status_lines
from attest.cli.door import enter
from attest.cli.scan_json import lines
from attest.cli.sealed_summary import summarize
from attest.clients.configuration import Configuration
from attest.codec.octets import to_base64
from attest.codec.printable import printable_json
from attest.evidence.reports import REPORTS
from attest.evidence.reports.text import render_colored
from attest.evidence.show import show
from attest.statement.states import State
from attest.tlog.merkle import EMPTY_ROOT
from tests import documents
from tests.calls_story import CallStory
from tests.commands import attest
from tests.documents import REFERENCE, SERVER
from tests.evidence_story import WHEEL, Story, judge, seal

HOSTILE = "name\u009b31m\u0085\u2028\u202ename"
"""An escape sequence in one character, two ends of lines, and text that runs backwards: all of them fit in a `Line`."""
WORST = f"{HOSTILE}\x1b]0;title\x07\r\n::error::\u2066\U000e0001name"
NOTE = f"name\n0\n{to_base64(EMPTY_ROOT)}\n\n— na\x1b[31m\u009bme AAAA\n".encode()
IDENTITY = f"{HOSTILE}@https://issuer.example@1"
OURS = frozenset({"schema", "verdict", "at", "id"})
"""Of a verdict: what is no document's."""


def is_shown(text: str) -> bool:
    return "name" in text and all(line.isprintable() for line in text.split("\n"))


def worst(value: Any) -> Any:
    """Return a verdict in which every text is as bad as a text can be."""
    if isinstance(value, msgspec.Struct):
        held = {name: getattr(value, name) for name in value.__struct_fields__}
        return type(value)(**{name: each if name in OURS else worst(each) for name, each in held.items()})
    if isinstance(value, tuple):
        return tuple(map(worst, value))
    return WORST if isinstance(value, str) and not isinstance(value, Enum) else value


def _drift(folder: Path) -> Any:
    with Story(folder) as story:
        story.start().measure()
        story.act(story.violate())
        return judge(story.stop().export())


def _calls(folder: Path) -> Any:
    with CallStory(folder) as story:
        story.open()
        story.answered(story.call())
        story.deny(story.call("set_time"))
        return judge(story.stop().export(), references=(story.reference,))


def _built(_folder: Path) -> Any:
    return judge([documents.PROVENANCE], references=(), artifacts=(WHEEL,))


@pytest.mark.parametrize("made", [_drift, _calls, _built])
def test_no_report_drives_a_terminal_whatever_any_field_of_a_verdict_holds(
    made: Callable[[Path], Any], tmp_path: Path
) -> None:
    verdict = worst(made(tmp_path))
    for report in REPORTS.values():
        rendered = report.render([verdict])
        assert is_shown(rendered), report.name
        assert not any(line.startswith("::error::") for line in rendered.splitlines())
    assert is_shown(re.sub("\x1b\\[[0-9]+m", "", render_colored([verdict])))


def test_json_for_programs_says_the_same_in_printable_characters() -> None:
    text = msgspec.json.encode({WORST: [WORST, "ä\u00a0😀"]}).decode()
    shown = printable_json(text)
    assert shown.isprintable()
    assert json.loads(shown) == json.loads(text)
    assert "ä" in shown
    assert "😀" in shown


def test_a_difference_and_a_scan_for_programs_drive_no_terminal(tmp_path: Path) -> None:
    for name, version in (("one", "1"), ("two", HOSTILE)):
        server = msgspec.structs.replace(SERVER, name=HOSTILE, version=version)
        reference = msgspec.structs.replace(REFERENCE, server=server)
        (tmp_path / f"{name}.ref").write_bytes(seal(reference)[1])
        (tmp_path / f"{name}.ref.manifest.jsonl").write_bytes(documents.MANIFEST)
    done = attest(tmp_path, "diff", "one.ref", "two.ref", "--format", "json")
    assert is_shown(done.stdout.decode())
    [line] = lines([Configuration(client="any", path=Path(HOSTILE), servers=(), complaint=HOSTILE)], ())
    assert is_shown(line)


def test_a_log_that_somebody_else_wrote_drives_no_terminal(tmp_path: Path) -> None:
    with Story(tmp_path / "log") as story:
        story.start().measure().stop()
    with sqlite3.connect(tmp_path / "log" / "log.db") as connection:
        rules = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        for name, _ in rules:
            connection.execute(f'DROP TRIGGER "{name}"')
        connection.execute("UPDATE meta SET origin = ?", ("name\x1b[31mname",))
        connection.execute("UPDATE checkpoints SET note = ?", (NOTE,))
        for _, rule in rules:
            connection.execute(rule)
    connection.close()
    for verb in ("show", "check", "checkpoint"):
        done = attest(tmp_path, "log", verb, "log")
        told = (done.stdout + done.stderr).decode()
        assert all(line.isprintable() for line in told.split("\n")), verb
        assert "format 1 or 2" not in told


def test_a_document_is_shown_in_printable_lines() -> None:
    server = msgspec.structs.replace(SERVER, name=HOSTILE)
    octets = seal(msgspec.structs.replace(REFERENCE, server=server))[1]
    assert is_shown("\n".join(show(octets)))


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
