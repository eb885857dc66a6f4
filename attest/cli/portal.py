"""`attest portal`: stand between a client and its server, start and measure it, and check every call."""

from __future__ import annotations

import threading
import time
from collections import deque
from pathlib import Path
from typing import Any, Final, final

import click

from attest.cli.arguments import WithCommand, command_of, example
from attest.cli.home import REFERENCE
from attest.cli.launching import launch_options, launch_request, reporter, tell
from attest.codec.printable import printable


@click.command(
    cls=WithCommand, epilog=example("attest portal server.ref --trust trust.json --key writer.key --log log")
)
@click.argument("ref", type=REFERENCE)
@launch_options
@click.pass_context
def portal(context: click.Context, /, ref: Path, **given: Any) -> int:  # noqa: ANN401  (click's options)
    """Start the server of REF as attest run does, and check every request of its client by the sealed rules.

    Speaks MCP on standard input and output, in the client's revision. What is allowed passes byte for byte; each
    decision is a receipt in the log before anything is forwarded, and each outcome one after. What attest has to say
    goes to standard error. Exits with the server's code, or 1 if anything did not match.
    """
    from attest.agent.launching.launch import open_launch
    from attest.agent.launching.streams import open_streams
    from attest.portal.portal import Portal, stand_between

    say = _Sparing()
    with (
        open_streams() as streams,
        open_launch(
            launch_request(ref, given), command_of(context), reporter(), user=given["user"], streams=streams
        ) as launch,
    ):
        launch.run.tell = tell
        if launch.server.reference.tools is None:
            audit_only = launch.server.reference.enforcement.audit_only
            effect = "each call is let pass and recorded as refused" if audit_only else "no call is permitted"
            tell(f"the reference has no tool rules, so {effect}: see attest tools, attest update --tools")
        return stand_between(Portal(launch=launch, streams=streams, say=say))


@final
class _Sparing:
    """Says what a portal has to say, and counts what would be too much: a client may keep all of it."""

    _LINES: Final = 20
    _SPAN: Final = 10.0
    """Seconds in which so many lines are said."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._said: deque[float] = deque(maxlen=self._LINES)
        self._unsaid = 0

    def __call__(self, line: str) -> None:
        with self._lock:
            now = time.monotonic()
            if len(self._said) == self._LINES and now - self._said[0] < self._SPAN:
                self._unsaid += 1
                return
            self._said.append(now)
            if self._unsaid:
                tell(f"and {self._unsaid} lines more")
                self._unsaid = 0
            tell(printable(line))
