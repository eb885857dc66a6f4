"""`attest run`: start a server only if it is what was sealed, and measure it until it ends."""

from __future__ import annotations

import signal
from pathlib import Path
from types import FrameType
from typing import Any, Final

import click

from attest.cli.arguments import WithCommand, command_of, example
from attest.cli.home import REFERENCE
from attest.cli.launching import launch_options, launch_request, reporter, tell

_PASSED_ON: Final = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


@click.command(cls=WithCommand, epilog=example("attest run server.ref --trust trust.json --key writer.key --log log"))
@click.argument("ref", type=REFERENCE)
@launch_options
@click.pass_context
def run(context: click.Context, /, ref: Path, **given: Any) -> int:  # noqa: ANN401  (click's options)
    """Start the server of REF if all of it is what was sealed, and measure it until it ends.

    Starts the sealed command; a COMMAND has to become the same process. Standard input and output are the server's,
    with a clean environment; what attest has to say goes to standard error. Exits with the server's code, or 1 if
    anything did not match.
    """
    from attest.agent.launching.launch import open_launch

    with open_launch(launch_request(ref, given), command_of(context), reporter(), user=given["user"]) as launch:
        launch.run.tell = tell
        if launch.environment.withheld:
            tell(f"withheld from the environment: {', '.join(launch.environment.withheld)}")

        def pass_on(number: int, _frame: FrameType | None) -> None:
            launch.pass_on(signal.Signals(number))

        for number in _PASSED_ON:
            signal.signal(number, pass_on)
        return launch.until_ended()
