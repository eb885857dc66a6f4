"""`attest agent`: measure a sealed server, cycle after cycle, with a receipt for each."""

from __future__ import annotations

import signal
import time
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from attest.cli.arguments import FILE, HEX, NAME_VALUE, PROCESS, SECONDS, example, unique
from attest.cli.home import REFERENCE, key_attestation_option, log_option, trust_option, writer_option

if TYPE_CHECKING:
    from attest.agent.adopting import Pid
    from attest.agent.keeping import Reported
    from attest.agent.run import Run


@click.command(epilog=example("attest agent server.ref --trust trust.json --key writer.key --log log --once"))
@click.argument("ref", type=REFERENCE, nargs=-1)
@trust_option
@writer_option
@key_attestation_option
@log_option("agent")
@click.option("--once", is_flag=True, help="Measure once and end; exit 1 if it is not a match.")
@click.option("--pid", type=PROCESS, multiple=True, metavar=PROCESS.name, help="A server's process; auto finds it.")
@click.option("--root", type=NAME_VALUE, multiple=True, metavar="NAME=PATH", help="Where a root lies on this machine.")
@click.option("--cycle", type=SECONDS, help="Time between measurements, instead of the sealed ones.")
@click.option("--nonce", type=HEX, help="A verifier's nonce, recorded in the start event.")
@click.option("--context", type=NAME_VALUE, multiple=True, help="Recorded in the start event: NAME=VALUE.")
@click.option("--revocations", type=FILE, multiple=True, help="What is known to be revoked; read again if it changes.")
@click.option("--expect-checkpoint", type=FILE, help="A checkpoint kept apart: a log that lacks entries is refused.")
@click.option("--metrics", metavar="[HOST:]PORT", help="Serve Prometheus's text format; on loopback without HOST.")
@click.option(
    "--log-format", type=click.Choice(["text", "json"]), default="text", help="json: JSON Lines on standard error."
)
@click.option("--watch", is_flag=True, help="Draw the servers on this terminal, until stopped.")
@click.option(
    "--status", is_flag=True, is_eager=True, help="Print the state of the agent that runs with this --log, and end."
)
def agent(ref: tuple[Path, ...], **given: Any) -> int:  # noqa: ANN401  (click's options)
    """Measure the servers of each REF until stopped; exit 1 if anything did not match.

    The reference of a runtime that a server names (seal --runtime) is one of the REFs; it is measured with the server.
    Several REFs of one server are good at once while it is updated: it is measured by the newest that matches.
    """
    if given["status"]:
        if given["log"] is None:
            raise click.UsageError("Missing option '--log'. After attest init it may be left out.")
        return _status(given["log"])
    from attest.agent.board import Board
    from attest.agent.exposition import serving
    from attest.agent.metrics import text_of
    from attest.agent.starting import AgentRequest, open_agent
    from attest.cli.agent_log import json_voice, text_voice
    from attest.cli.agent_watch import Watch

    if not ref:
        raise click.UsageError("Missing argument 'REF...'.")
    request = AgentRequest(
        references=ref,
        trust=given["trust"],
        key=given["key"],
        key_attestation=given["key_attestation"],
        log=given["log"],
        **_processes(given["pid"]),
        places={name: Path(path).absolute() for name, path in unique(given["root"], "--root").items()},
        cycle_seconds=given["cycle"],
        verifier_nonce=given["nonce"],
        context=tuple(unique(given["context"], "--context").items()),
        pinned=given["expect_checkpoint"],
        revocations=given["revocations"],
    )
    board = Board(log=given["log"], began_at=time.time_ns() // 1_000_000)
    watch = Watch(board) if given["watch"] else None
    voice = watch or (json_voice() if given["log_format"] == "json" else text_voice())

    def report(reported: Reported) -> None:
        board.take(reported)
        board.write()
        voice.report(reported)

    with ExitStack() as stack:
        run = stack.enter_context(open_agent(request, report))
        stack.callback(board.remove)
        run.tell = voice.tell
        if watch is not None:
            stack.enter_context(watch)
        if given["metrics"] is not None:
            where = stack.enter_context(serving(given["metrics"], lambda: text_of(board.status())))
            voice.tell(f"metrics at http://{where}/metrics")
        _listen(run)
        matched = run.once() if given["once"] else run.until_stopped()
    return 0 if matched else 1


def _listen(run: Run) -> None:
    """Stop gracefully at SIGINT and SIGTERM: what is under way is finished; read the references again at SIGHUP."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        run.stop.set()

    def reload(_number: int, _frame: FrameType | None) -> None:
        run.reload.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    signal.signal(signal.SIGHUP, reload)


def _status(log: Path) -> int:
    from attest.agent.board import read_status
    from attest.cli.agent_status import all_match, status_lines

    status = read_status(log)
    for line in status_lines(status, time.time_ns() // 1_000_000):
        click.echo(line)
    return 0 if all_match(status) else 1


def _processes(given: tuple[tuple[str | None, Pid], ...]) -> dict[str, Any]:
    """Return the process of the only server, and those of servers by name."""
    from attest.agent.adopting import AUTO

    alone = [pid for name, pid in given if name is None]
    named = tuple((name, f"{pid}") for name, pid in given if name is not None)
    if len(alone) > 1 or (alone and named):
        raise click.UsageError("--pid: expected one PID, or NAME=PID for each server, found both or several")
    pids = {name: AUTO if pid == AUTO else int(pid) for name, pid in unique(named, "--pid").items()}
    return {"pid": alone[0] if alone else None, "pids": pids}
