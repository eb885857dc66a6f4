"""`attest tools`: from a recorded session to a file of rules that a person can review."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from attest.cli.arguments import FILE, Verbs, WithCommand, command_of, example
from attest.cli.home import LOG
from attest.cli.upstream_tls import UPSTREAM_TLS, upstream_files, upstream_tls_options

if TYPE_CHECKING:
    from attest.measure.upstreams.asking import Era
    from attest.seal.tools.recording.recording import Recording


@click.group(cls=Verbs)
def tools() -> None:
    """Learn what callers may do with a server. No key is needed, and nothing is decided: a person reviews the file."""


@tools.command(
    cls=WithCommand,
    short_help="ask a server what it offers, and write it down",
    epilog=example("attest tools record -o session.jsonl -- server/run.sh"),
)
@click.option("-o", "out", type=FILE, required=True, help="Where to write the session.")
@click.option("--upstream", metavar="URL", help="Ask a server that listens there, and start none.")
@upstream_tls_options
@click.option("--env", multiple=True, metavar="NAME[=VALUE]", help="A variable that the server needs.")
@click.option(
    "--capability",
    "capabilities",
    multiple=True,
    type=click.Choice(["elicitation", "roots", "sampling"]),
    help="Say that the client can do this: some servers have more tools then. Nothing is granted.",
)
@click.option("--revision", type=click.Choice(["2025-11-25", "2026-07-28"]), help="Ask in this revision alone.")
@click.option("--network", is_flag=True, help="Let the server use the network.")
@click.option(
    "--timeout", type=click.FloatRange(1, 3600), default=60, show_default=True, metavar="SECONDS", help="For each run."
)
@click.pass_context
def record(context: click.Context, /, out: Path, env: tuple[str, ...], **given: Any) -> None:  # noqa: ANN401
    """Start COMMAND, ask it what it offers (tools, resources, prompts), end it, and write down what was said.

    It gets a clean environment, an empty home and, where the machine can, no network and no other place to write to.
    No tool is called. Servers of both eras of the protocol are asked in both. With --upstream a server is asked that
    runs already, and the public key that it showed is written down, too.
    """
    from attest.cli.output import write_out
    from attest.cli.progress import Progress
    from attest.cli.replacing import begins_with, check_replaceable
    from attest.codec.files import PRIVATE_MODE
    from attest.seal.tools.session import OPENING, write_line

    command = command_of(context)
    if (given["upstream"] is None) == (not command):
        raise click.UsageError("expected -- COMMAND or --upstream URL")
    check_replaceable(out, "a recorded session", begins_with(OPENING))
    with Progress() as progress:
        progress.tell("asking the server what it offers")
        recording = _recorded(command, env, given) if command else _recorded_there(env, given)
    write_out(out, map(write_line, recording.lines), mode=PRIVATE_MODE)
    kept = ", ".join(recording.kept_from) or "nothing: this machine has no means"
    click.echo(f"wrote {out}; the server was kept from {kept}" if command else f"wrote {out}", err=True)


def _eras(revision: str | None) -> tuple[Era, ...]:
    from attest.measure.upstreams.asking import Era

    return tuple(era for era in Era if revision in {None, era.revision})


def _recorded(command: tuple[str, ...], env: tuple[str, ...], given: Mapping[str, Any]) -> Recording:
    from attest.seal.tools.recording.recording import RecordRequest, environment_of, record

    for name in UPSTREAM_TLS:
        if given[name] is not None:
            raise click.UsageError(f"--{name.replace('_', '-')} needs --upstream.")
    return record(
        RecordRequest(
            command=command,
            environment=environment_of(env, os.environ),
            capabilities={name: {} for name in given["capabilities"]},
            network=given["network"],
            timeout=given["timeout"],
            eras=_eras(given["revision"]),
        )
    )


def _recorded_there(env: tuple[str, ...], given: Mapping[str, Any]) -> Recording:
    from attest.seal.tools.recording.remote import RemoteRequest, record_remote

    for name, value in (("--env", env), ("--network", given["network"])):
        if value:
            raise click.UsageError(f"{name} is for a server that is started, which that of --upstream is not.")
    return record_remote(
        RemoteRequest(
            url=given["upstream"],
            files=upstream_files(given),
            capabilities={name: {} for name in given["capabilities"]},
            timeout=given["timeout"],
            eras=_eras(given["revision"]),
        )
    )


@tools.command(
    short_help="rules to review, from what was recorded and what was used",
    epilog=example("attest tools learn session.jsonl -o tools.toml"),
)
@click.argument("session", type=FILE)
@click.option("-o", "out", type=FILE, required=True, help="Where to write the rules; the definitions go beside them.")
@click.option(
    "--log",
    "logs",
    type=LOG,
    multiple=True,
    metavar="DIR",
    help="A log of a portal: allow what was used there, as in audit-only mode.",
)
def learn(session: Path, out: Path, logs: tuple[Path, ...]) -> None:
    """Write a starter file of tool rules from SESSION, a recorded one.

    The tools that were called are allowed; if none was, all that the server listed. attest seal --tools takes the file.
    """
    from attest.cli.output import STANDARD
    from attest.codec.files import read_file, write_file
    from attest.errors import RefusedError
    from attest.seal.tools.definitions_file import write_definitions
    from attest.seal.tools.described_file import write_described
    from attest.seal.tools.learning import learn as learn_from
    from attest.seal.tools.session import MAX_SESSION_BYTES
    from attest.seal.tools.starter import starter
    from attest.seal.tools.used import used_in

    if out == STANDARD:
        raise click.UsageError("-o: expected a file, since the definitions go beside it, found -")
    if out.exists():
        raise RefusedError(
            str(out), "no file there: what somebody reviewed is not overwritten", "one", hint="another -o"
        )
    used = used_in(receipt for log in logs for receipt in _receipts(log))
    learned = learn_from(read_file(session, max_bytes=MAX_SESSION_BYTES), used, where=str(session))
    beside = out.with_name(f"{out.stem}.definitions.json")
    write_file(beside, [write_definitions(learned.definitions)])
    described = out.with_name(f"{out.stem}.described.json")
    write_file(described, [write_described(learned.described)])
    text = starter(learned, name=out.name, definitions_file=beside.name, described_file=described.name)
    write_file(out, [text.encode()])
    allowed = len(learned.called) or len(learned.definitions)
    told = f"{allowed} of {len(learned.definitions)} tools are allowed; {beside}, {described}"
    click.echo(f"wrote {out}: {told}", err=True)


def _receipts(log: Path) -> Iterator[bytes]:
    from attest.tlog.stores import SQLITE

    reader = SQLITE.open_reader(log)
    try:
        yield from (row.receipt for row in reader.rows(reader.first, reader.size))
    finally:
        reader.close()
