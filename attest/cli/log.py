"""`attest log`: show and check a log of receipts, and take its head to keep elsewhere."""

from __future__ import annotations

from pathlib import Path

import click

from attest.cli.arguments import FILE, example


@click.group()
def log() -> None:
    """Show and check a log of receipts."""


@log.command(epilog=example("attest log show log"))
@click.argument("directory", metavar="DIR", type=FILE)
def show(directory: Path) -> None:
    """List the entries of the log in DIR; nothing is verified here."""
    from attest.codec.printable import printable
    from attest.evidence.gist import gist_of_bytes
    from attest.tlog.entry import read_entry
    from attest.tlog.stores import SQLITE

    reader = SQLITE.open_reader(directory)
    click.echo(f"log {reader.origin}, {reader.size} entries, not verified")
    for row in reader.rows(0, reader.size):
        entry = read_entry(row.entry, where=f"entry {row.sequence}")
        told = f"{entry.sequence:8} {entry.time} {printable(entry.event):20} {gist_of_bytes(row.receipt)}"
        click.echo(told.rstrip())


@log.command(epilog=example("attest log checkpoint log"))
@click.argument("directory", metavar="DIR", type=FILE)
def checkpoint(directory: Path) -> None:
    """Print the newest checkpoint of the log in DIR, to keep where nobody who can write to DIR can reach it."""
    from attest.errors import UnavailableError
    from attest.tlog.stores import SQLITE

    note = SQLITE.open_reader(directory).newest_checkpoint()
    if note is None:
        raise UnavailableError(str(directory), "a log with a checkpoint", "none yet", hint="attest agent makes one")
    click.echo(note.decode(), nl=False)


@log.command(epilog=example("attest log check log"))
@click.argument("directory", metavar="DIR", type=FILE)
def check(directory: Path) -> int:
    """Check that the log in DIR hangs together: entries, links, commitments, tree, checkpoints; exit 1 if not.

    Who signed what is not judged here: that is `attest verify` of a bundle.
    """
    from attest.tlog.check import check_structure
    from attest.tlog.stores import SQLITE

    reader = SQLITE.open_reader(directory)
    problems = check_structure(reader)
    for problem in problems:
        click.echo(str(problem))
    click.echo(f"{reader.size} entries: " + (f"{len(problems)} problem(s)" if problems else "no problems"))
    return 1 if problems else 0
