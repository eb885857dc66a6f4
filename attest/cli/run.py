"""`attest run`: start a server only if it is what was sealed, and measure it until it ends."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, Final

import click

from attest.agent.keeping import Reported
from attest.cli.arguments import FILE, HEX, NAME_VALUE, WithCommand, command_of, example, unique
from attest.cli.cycle_text import cycle_lines
from attest.cli.home import REFERENCE, log_of, trust_option, writer_option
from attest.statement.findings import State

_PASSED_ON: Final = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


@click.command(cls=WithCommand, epilog=example("attest run server.ref --trust trust.json --key writer.key --log log"))
@click.argument("ref", type=REFERENCE)
@trust_option
@writer_option
@click.option("--log", type=FILE, help="The directory of the log; after attest init, by default one of this REF.")
@click.option("--runtime-ref", type=REFERENCE, help="The reference of the runtime that REF names (seal --runtime).")
@click.option("--user", metavar="NAME", help="As whom the server runs, a name or a number; needs root.")
@click.option("--root", type=NAME_VALUE, multiple=True, help="Where a root lies on this machine: NAME=PATH.")
@click.option("--cycle", type=click.IntRange(min=1), help="Seconds between measurements, instead of the sealed ones.")
@click.option("--nonce", type=HEX, help="A verifier's nonce, recorded in the start event.")
@click.option("--context", type=NAME_VALUE, multiple=True, help="Recorded in the start event: NAME=VALUE.")
@click.option("--revocations", type=FILE, multiple=True, help="What is known to be revoked; read again if it changes.")
@click.option("--expect-checkpoint", type=FILE, help="A checkpoint kept apart: a log that lacks entries is refused.")
@click.pass_context
def run(context: click.Context, /, ref: Path, **given: Any) -> int:  # noqa: ANN401  (click's options)
    """Start the server of REF if all of it is what was sealed, and measure it until it ends.

    Starts the sealed command; a COMMAND has to become the same process. Standard input and output are the server's,
    with a clean environment; what attest has to say goes to standard error. Exits with the server's code, or 1 if
    anything did not match.
    """
    from attest.agent.launching.launch import open_launch
    from attest.agent.starting import AgentRequest

    runtime = given["runtime_ref"]
    request = AgentRequest(
        references=(ref,) if runtime is None else (ref, runtime),
        trust=given["trust"],
        key=given["key"],
        log=given["log"] or log_of(ref),
        places={name: Path(path).absolute() for name, path in unique(given["root"], "--root").items()},
        cycle_seconds=given["cycle"],
        verifier_nonce=given["nonce"],
        context=tuple(unique(given["context"], "--context").items()),
        pinned=given["expect_checkpoint"],
        revocations=given["revocations"],
    )
    with open_launch(request, command_of(context), _reporter(), user=given["user"]) as launch:
        launch.run.tell = _tell
        _say(f"withheld from the environment: {', '.join(launch.environment.withheld)}", launch.environment.withheld)

        def pass_on(number: int, _frame: FrameType | None) -> None:
            launch.pass_on(signal.Signals(number))

        for number in _PASSED_ON:
            signal.signal(number, pass_on)
        return launch.until_ended()


def _reporter() -> Callable[[Reported], None]:
    """Return what tells the first cycle, and every one that is not a match, or the first that is one again.

    The server's own messages share the same stream, and a client may keep them.
    """
    before: list[State] = []

    def report(reported: Reported) -> None:
        state = reported.cycle.state
        if state is not State.MATCH or before != [state]:
            for line in cycle_lines(reported):
                click.echo(f"attest: {line}", err=True)
        before[:] = [state]

    return report


def _say(text: str, wanted: object) -> None:
    if wanted:
        click.echo(f"attest: {text}", err=True)


def _tell(line: str) -> None:
    click.echo(f"attest: {line}", err=True)
