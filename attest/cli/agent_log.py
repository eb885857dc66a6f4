"""What an agent says while it runs: lines for a person, or a JSON object a line for a collector of logs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from attest.cli.cycle_text import cycle_lines

if TYPE_CHECKING:
    from attest.agent.keeping import Reported


@dataclass(frozen=True, kw_only=True)
class Voice:
    """How cycles are reported, and what no receipt can say."""

    report: Callable[[Reported], None]
    tell: Callable[[str], None]


def text_voice() -> Voice:
    """Return lines for people: cycles on standard output, the rest on standard error."""

    def report(reported: Reported) -> None:
        for line in cycle_lines(reported):
            click.echo(line)

    return Voice(report=report, tell=lambda line: click.echo(f"attest: {line}", err=True))


def json_voice() -> Voice:
    """Return JSON Lines on standard error; of a file only what a receipt says of it, too."""
    return Voice(
        report=lambda reported: echo_json(_cycle(reported)),
        tell=lambda line: echo_json({"event": "notice", "level": "warning", "message": line}),
    )


def _cycle(reported: Reported) -> dict[str, object]:
    from attest.statement.states import State

    cycle, server = reported.cycle, reported.server.reference.server
    coverage = cycle.measured.coverage
    level = {State.MATCH: "info", State.DRIFT: "error"}.get(cycle.state, "warning")
    return {
        "event": "cycle",
        "level": level,
        "time": cycle.measured.finished_at,
        "server": server.name,
        "version": server.version,
        "reference": reported.server.opened.digest,
        "state": cycle.state.value,
        "startedAt": cycle.measured.started_at,
        "files": coverage.files,
        "bytes": coverage.bytes,
        "receipt": reported.sequence,
        "findings": [{"kind": each.kind.value, "where": each.where} for each in cycle.findings.findings[:10]],
        "findingsTotal": cycle.findings.total,
        "outcome": reported.outcome,
    }


def echo_json(told: Mapping[str, object]) -> None:
    """Write one object as a line on standard error, without what is None."""
    click.echo(json.dumps({name: value for name, value in told.items() if value is not None}), err=True)
