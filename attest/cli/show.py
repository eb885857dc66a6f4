"""`attest show`: what is in a file, not verified."""

from __future__ import annotations

from pathlib import Path

import click

from attest.cli.arguments import FILE, example


@click.command(epilog=example("attest show server.ref"))
@click.argument("file", type=FILE)
def show(file: Path) -> None:
    """Print FILE, any of our documents, headed "not verified"; - is stdin."""
    from attest.cli.input import read_argument
    from attest.evidence.show import show as lines_of

    for line in lines_of(read_argument(file)):
        click.echo(line)
