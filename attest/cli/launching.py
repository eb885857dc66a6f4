"""What the verbs that start a server share: their options, the request that these make, how cycles are told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from attest.cli.arguments import FILE, HEX, NAME_VALUE, SECONDS, unique
from attest.cli.home import REFERENCE, key_attestation_option, log_of, trust_option, writer_option

if TYPE_CHECKING:
    from attest.agent.keeping import Reported
    from attest.agent.starting import AgentRequest
    from attest.statement.states import State


def launch_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options."""
    options = (
        trust_option,
        writer_option,
        key_attestation_option,
        click.option(
            "--log", type=FILE, help="The directory of the log; after attest init, by default one of this REF."
        ),
        click.option(
            "--runtime-ref", type=REFERENCE, help="The reference of the runtime that REF names (seal --runtime)."
        ),
        click.option("--user", metavar="NAME", help="As whom the server runs, a name or a number; needs root."),
        click.option(
            "--root", type=NAME_VALUE, multiple=True, metavar="NAME=PATH", help="Where a root lies on this machine."
        ),
        click.option("--cycle", type=SECONDS, help="Time between measurements, instead of the sealed ones."),
        click.option("--nonce", type=HEX, help="A verifier's nonce, recorded in the start event."),
        click.option("--context", type=NAME_VALUE, multiple=True, help="Recorded in the start event: NAME=VALUE."),
        click.option(
            "--revocations", type=FILE, multiple=True, help="What is known to be revoked; read again if it changes."
        ),
        click.option(
            "--expect-checkpoint", type=FILE, help="A checkpoint kept apart: a log that lacks entries is refused."
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def launch_request(ref: Path, given: Mapping[str, Any]) -> AgentRequest:
    """Return what the options ask for."""
    from attest.agent.starting import AgentRequest

    runtime = given["runtime_ref"]
    return AgentRequest(
        references=(ref,) if runtime is None else (ref, runtime),
        trust=given["trust"],
        key=given["key"],
        key_attestation=given["key_attestation"],
        log=given["log"] or log_of(ref),
        places={name: Path(path).absolute() for name, path in unique(given["root"], "--root").items()},
        cycle_seconds=given["cycle"],
        verifier_nonce=given["nonce"],
        context=tuple(unique(given["context"], "--context").items()),
        pinned=given["expect_checkpoint"],
        revocations=given["revocations"],
    )


def reporter() -> Callable[[Reported], None]:
    """Return what tells the first cycle, and every one that is not a match, or the first that is one again.

    The server's own messages share the same stream, and a client may keep them.
    """
    from attest.cli.cycle_text import cycle_lines
    from attest.statement.states import State

    before: list[State] = []

    def report(reported: Reported) -> None:
        state = reported.cycle.state
        if state is not State.MATCH or before != [state]:
            for line in cycle_lines(reported):
                tell(line)
        before[:] = [state]

    return report


def tell(line: str) -> None:
    """Say something on standard error."""
    click.echo(f"attest: {line}", err=True)
