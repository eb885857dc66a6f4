"""`attest show`: what is in a file, not verified."""

from __future__ import annotations

from pathlib import Path

import click

from attest.cli.arguments import example
from attest.cli.home import REFERENCE


@click.command(epilog=example("attest show server.ref"))
@click.argument("file", type=REFERENCE)
def show(file: Path) -> None:
    """Print FILE, any of our documents, headed "not verified"; - is stdin.

    A reference may be named as everywhere after attest init.
    """
    from attest.cli.input import read_argument
    from attest.errors import MalformedError
    from attest.evidence.show import show as lines_of

    try:
        lines = list(lines_of(read_argument(file)))
    except MalformedError as error:
        raise MalformedError(str(file), error.expected, error.found, hint=error.hint) from error
    for line in lines:
        click.echo(line)
