"""`attest tools`: from a recorded session to a file of rules that a person can review."""

from __future__ import annotations

from pathlib import Path

import click

from attest.cli.arguments import FILE, example


@click.group()
def tools() -> None:
    """Learn what callers may do with a server. No key is needed, and nothing is decided: a person reviews the file."""


@tools.command(epilog=example("attest tools learn session.jsonl -o tools.toml"))
@click.argument("session", type=FILE)
@click.option("-o", "out", type=FILE, required=True, help="Where to write the rules; the definitions go beside them.")
def learn(session: Path, out: Path) -> None:
    """Write a starter file of tool rules from SESSION, a recorded one.

    The tools that were called in it are allowed; if none was, all that the server listed. attest seal --tools takes it.
    """
    from attest.cli.output import STANDARD
    from attest.codec.files import read_file, write_file
    from attest.errors import RefusedError
    from attest.seal.tools.definitions_file import write_definitions
    from attest.seal.tools.learning import learn as learn_from
    from attest.seal.tools.session import MAX_SESSION_BYTES
    from attest.seal.tools.starter import starter

    if out == STANDARD:
        raise click.UsageError("-o: expected a file, since the definitions go beside it, found -")
    if out.exists():
        raise RefusedError(
            str(out), "no file there: what somebody reviewed is not overwritten", "one", hint="another -o"
        )
    learned = learn_from(read_file(session, max_bytes=MAX_SESSION_BYTES), where=str(session))
    beside = out.with_name(f"{out.stem}.definitions.json")
    write_file(beside, [write_definitions(learned.definitions)])
    write_file(out, [starter(learned, name=out.name, definitions_file=beside.name).encode()])
    allowed = len(learned.called) or len(learned.definitions)
    click.echo(f"wrote {out}: {allowed} of {len(learned.definitions)} tools are allowed; {beside}", err=True)
